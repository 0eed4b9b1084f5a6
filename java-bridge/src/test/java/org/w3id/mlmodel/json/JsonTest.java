package org.w3id.mlmodel.json;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;

import java.nio.charset.StandardCharsets;
import java.util.Collections;
import java.util.List;
import java.util.Map;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class JsonTest {
    @Test
    void keepsNumbersAsTheyWereWritten() throws NotJson {
        var read = Json.read("[1.0, 9007199254740993, -0, 1e400, NaN]");
        assertEquals("[1.0, 9007199254740993, -0, 1e400, NaN]", read.toString());
    }

    @ParameterizedTest
    @ValueSource(strings = {"", "[1] 2", "[1,]", "nan", "[+Infinity]", "[INF]", "\"\\ud800\"", "\uFEFF[]", "{a: 1}", "[01]"})
    void refusesWhatIsNoJson(String text) {
        assertEquals("RST-004", assertThrows(NotJson.class, () -> Json.read(text)).rule());
    }

    @Test
    void refusesKeysThatStandTwiceDeepTextsAndOtherBytes() throws NotJson {
        assertEquals("ENF-058", assertThrows(NotJson.class, () -> Json.read("{\"a\": 1, \"a\": 1}")).rule());
        Json.read("[".repeat(1024) + "]".repeat(1024));
        assertThrows(NotJson.class, () -> Json.read("[".repeat(1025) + "]".repeat(1025)));
        assertThrows(NotJson.class, () -> Json.readBody("\"é\"".getBytes(StandardCharsets.ISO_8859_1)));
        assertThrows(NotJson.class, () -> Json.readBody("[1e400]".getBytes(StandardCharsets.UTF_8)));
    }

    @ParameterizedTest
    @CsvSource({"2e23, 2.0E23", "2.0, 2.0", "0.1, 0.1", "1.0E23, 1.0E23", "4.9E-324, 5E-324", "1.63660457929701568E17, 1.6366045792970157E17", "-0.0, -0.0"})
    void writesTheShortestDecimal(double number, String due) {
        var text = JsonText.of(number);
        assertEquals(Double.parseDouble(due), Double.parseDouble(text));
        assertEquals(true, text.length() <= due.length(), text);
    }

    @Test
    void everyDoubleComesBack() {
        var random = new Random(1);
        for (int at = 0; at < 100_000; at++) {
            double number = Double.longBitsToDouble(random.nextLong());
            if (Double.isNaN(number) || Double.isInfinite(number)) continue;
            assertEquals(number, Double.parseDouble(JsonText.of(number)));
        }
    }

    @Test
    void writesWhatJsonHasNoNumberFor() {
        var value = List.of(Double.NaN, Double.NEGATIVE_INFINITY, 0.1f, Map.of("a\n", new byte[] {1, 2}));
        assertEquals("[null,\"-Infinity\",0.10000000149011612,{\"a\\n\":\"AQI=\"}]", JsonText.of(value));
    }

    @Test
    void literalsOfOneNumberAreEqual() {
        assertEquals(new Numeral("1"), new Numeral("1.0"));
        assertEquals(new Numeral("1").hashCode(), new Numeral("1.0").hashCode());
        assertEquals(2000L, new Numeral("2e3").whole());
        assertEquals(null, new Numeral("1e999999999999").whole());
    }

    @Test
    void literalsAreWholeWhateverTheirForm() {
        for (var one : List.of("3", "3.0", "0.3e1", "30E-1", "0.000003e+6", "3" + "0".repeat(400) + "e-400", "3.00e-0")) {
            assertEquals(3L, new Numeral(one).whole(), one);
            assertEquals(new Numeral("3"), new Numeral(one));
        }
        assertEquals(0L, new Numeral("-0.0e9").whole());
        assertEquals(-9007199254740991L, new Numeral("-9007199254740991.0").whole());
        for (var one : List.of("3.5", "9007199254740992.0", "1e-1", "1e16", "1e-99999999999999999999", "3." + "0".repeat(400) + "1")) {
            assertEquals(null, new Numeral(one).whole(), one);
        }
        assertEquals("-1200", new Numeral("-1.2e3").integral(400).text());
        assertEquals(null, new Numeral("1e401").integral(400));
        assertEquals(false, new Numeral("1").equals(new Numeral("10")));
        assertEquals(false, new Numeral("1").equals(new Numeral("-1")));
    }

    /** Making the text of the place of each value takes minutes where a key is long. */
    @Test
    @Timeout(value = 60, threadMode = Timeout.ThreadMode.SEPARATE_THREAD)
    void manyValuesUnderALongKeyAreReadInTimeByTheirSize() {
        var key = "k".repeat(4 << 20);
        var read = (Map<?, ?>) JavaValues.plain(Map.of(key, Collections.nCopies(500_000, "x")));
        assertEquals(500_000, ((List<?>) read.get(key)).size());
    }
}
