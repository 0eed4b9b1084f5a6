package org.w3id.mlmodel.json;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;

import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.Map;
import java.util.Random;
import org.junit.jupiter.api.Test;
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
    @CsvSource({"2e23, 2.0E23", "2.0, 2.0", "0.1, 0.1", "1.0E23, 1.0E23", "4.9E-324, 4.9E-324", "-0.0, -0.0"})
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
}
