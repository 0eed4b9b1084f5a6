package org.w3id.mlmodel.serving;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTimeoutPreemptively;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import java.util.zip.GZIPOutputStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;
import org.w3id.mlmodel.errors.ErrorName;
import org.w3id.mlmodel.errors.MlmodelException;
import org.w3id.mlmodel.json.Numeral;
import org.w3id.mlmodel.signature.Signature;

/** Requests that are made to cost more than they are worth, or to fail where they are read. */
class RequestsTest {
    private static final Duration SHORT = Duration.ofSeconds(20);

    private static byte[] member(String text) throws IOException {
        var to = new ByteArrayOutputStream();
        try (var packed = new GZIPOutputStream(to)) {
            packed.write(text.getBytes(UTF_8));
        }
        return to.toByteArray();
    }

    private static byte[] joined(byte[]... parts) {
        var to = new ByteArrayOutputStream();
        for (var one : parts) to.writeBytes(one);
        return to.toByteArray();
    }

    @Test
    void manyEmptyMembersAreUnpacked() throws IOException {
        var packed = new ByteArrayOutputStream();
        var empty = member("");
        for (int at = 0; at < 20_000; at++) packed.writeBytes(empty);
        packed.writeBytes(member("a"));
        packed.writeBytes(member("b"));
        var to = new ByteArrayOutputStream();
        assertEquals(true, Gzip.unpack(packed.toByteArray(), (piece, length) -> to.write(piece, 0, length)));
        assertEquals("ab", to.toString(UTF_8));
    }

    @Test
    void whatIsNotWholeGzipIsRefused() throws IOException {
        var whole = member("some text");
        for (int end = 0; end < whole.length; end++) assertEquals(false, isWhole(java.util.Arrays.copyOf(whole, end)), "cut at " + end);
        assertEquals(false, isWhole(joined(whole, new byte[] {0})));
        for (int at : new int[] {0, 1, 2, whole.length - 8, whole.length - 1}) {
            var changed = whole.clone();
            changed[at] ^= 1;
            assertEquals(false, isWhole(changed), "changed at " + at);
        }
    }

    @Test
    void headersOfMembersArePassedOver() {
        byte[] head = {0x1f, (byte) 0x8b, 8, 4 | 8 | 16, 0, 0, 0, 0, 0, 3, 1, 0, 7, 'n', 0, 'c', 0};
        byte[] rest = {3, 0, 0, 0, 0, 0, 0, 0, 0, 0};
        assertEquals(true, isWhole(joined(head, rest)));
        head[3] |= 2;
        var sum = new java.util.zip.CRC32();
        sum.update(head);
        byte[] check = {(byte) sum.getValue(), (byte) (sum.getValue() >> 8)};
        assertEquals(true, isWhole(joined(head, check, rest)));
        check[0] ^= 1;
        assertEquals(false, isWhole(joined(head, check, rest)));
    }

    private static boolean isWhole(byte[] packed) {
        return Gzip.unpack(packed, (piece, length) -> { });
    }

    @ParameterizedTest
    @ValueSource(strings = {"application/json;q=..", "application/json;q=", "application/json;q", ";", "", "text/csv;q=2, */*"})
    void aRangeOfTheWrongFormSaysNothing(String accept) {
        Answers.requireJson(accept);
    }

    @ParameterizedTest
    @ValueSource(strings = {"text/csv", "application/json;q=0", "application/json;q=0.000, */*;q=1"})
    void whoTakesNoJsonIsToldSo(String accept) {
        assertEquals(ErrorName.NOT_ACCEPTABLE, assertThrows(MlmodelException.class, () -> Answers.requireJson(accept)).name());
    }

    @Test
    void quotedParametersMayBeLong() {
        for (var one : new String[] {"a", "\\\""}) {
            var type = ContentType.read("application/json; note=\"" + one.repeat(50_000) + "\" ; format=\"pandas-\\split\"");
            assertEquals("pandas-split", type.format());
        }
    }

    @ParameterizedTest
    @CsvSource({"utf-8", "\"utf-8\"", "UTF_8", "' \"ascii\" ; format=x'"})
    void charsetsThatAreUtf8AreTaken(String charset) {
        assertEquals("text/csv", ContentType.read("text/csv; charset=" + charset).media());
    }

    @ParameterizedTest
    @ValueSource(strings = {"latin-1", "\"latin-1\"", "\"latin-1", "\"", "utf-8; charset=\"ascii\"", "\"a\\\"b\""})
    void othersAreNot(String charset) {
        assertEquals(ErrorName.UNSUPPORTED_MEDIA_TYPE,
            assertThrows(MlmodelException.class, () -> ContentType.read("text/csv; charset=" + charset)).name());
    }

    private static Object csv(String body, String inputs) {
        var declared = new Declared(inputs == null ? null : Signature.read(Map.of("inputs", inputs)));
        return assertTimeoutPreemptively(SHORT, () -> CsvTable.read(body, declared).read(declared));
    }

    @Test
    void blankLinesAndColumnsWithoutNamesCostWhatTheyAreLong() {
        var frame = (Model.Frame) csv("x\n" + "\n".repeat(200_000) + "1\n\n\n", null);
        assertEquals(200_001, frame.rows());
        assertEquals(100_000, ((Model.Frame) csv("a" + ",".repeat(99_999) + "\n" + "1" + ",".repeat(99_999), null)).names().size());
    }

    @Test
    void longDecimalsCostWhatTheyAreLong() {
        var inputs = "[{\"type\": \"long\", \"name\": \"x\", \"required\": false}]";
        var near = "1." + "0".repeat(1_000_000) + "1";
        assertThrows(MlmodelException.class, () -> csv("x\n" + near + "\n", inputs));
        assertThrows(MlmodelException.class, () -> csv("x\n" + near + "e1\n", inputs));
        var frame = (Model.Frame) csv("x\n1." + "0".repeat(1_000_000) + "\n2" + "0".repeat(300) + "e-300\n", inputs);
        assertArrayEquals(new long[] {1, 2}, (long[]) frame.columns().get(0).values());
    }

    private static String columns(int count, boolean required) {
        return IntStream.range(0, count).mapToObj(at -> "{\"type\": \"long\", \"name\": \"c" + at + "\", \"required\": " + required + "}")
            .collect(Collectors.joining(", ", "[", "]"));
    }

    @Test
    void manyNamesAreLookedThroughOnce() {
        var declared = new Declared(Signature.read(Map.of("inputs", columns(10_000, true))));
        var names = IntStream.range(0, 300_000).mapToObj(at -> "n" + at).toList();
        var split = Tables.split(Map.of("columns", names, "data", List.of()));
        assertTimeoutPreemptively(SHORT, () -> assertThrows(MlmodelException.class, () -> split.read(declared)));
    }

    @ParameterizedTest
    @ValueSource(booleans = {true, false})
    void recordsOfWhichHardlyAnyAreAlikeAreRefused(boolean isDeclared) {
        var declared = new Declared(isDeclared ? Signature.read(Map.of("inputs", columns(3_000, false))) : null);
        var records = IntStream.range(0, 3_000).mapToObj(at -> Map.of("c" + at, new Numeral("1"))).toList();
        var error = assertThrows(MlmodelException.class, () -> Tables.list(records, true).read(declared));
        assertEquals("RST-108", error.details().get(0).rule());
        var alike = Tables.list(records.subList(0, 1_000), true);
        assertEquals(1_000, ((Model.Frame) alike.read(declared)).rows());
    }
}
