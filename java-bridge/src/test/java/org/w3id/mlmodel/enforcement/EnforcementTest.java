package org.w3id.mlmodel.enforcement;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.math.BigDecimal;
import java.math.BigInteger;
import java.time.Instant;
import java.util.ArrayList;
import java.time.LocalDate;
import java.util.Arrays;
import java.util.Collections;
import java.util.List;
import java.util.Map;
import java.util.concurrent.atomic.AtomicLong;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.function.Executable;
import org.w3id.mlmodel.document.Delivery;
import org.w3id.mlmodel.errors.Detail;
import org.w3id.mlmodel.errors.MlmodelException;
import org.w3id.mlmodel.json.Json;
import org.w3id.mlmodel.json.NotJson;
import org.w3id.mlmodel.signature.Signature;
import org.w3id.mlmodel.signature.Spec;
import org.w3id.mlmodel.signature.Type;

/** What a program in Java gets; that it is right is shown by the vectors, which the harness is asked. */
class EnforcementTest {
    private static final Enforcement ROWS = new Enforcement(Signature.read(Map.of("inputs",
        "[{\"type\": \"double\", \"name\": \"x\"}, {\"type\": \"long\", \"name\": \"n\", \"required\": false},"
            + " {\"type\": \"datetime\", \"name\": \"t\"}]")).inputs());

    private static List<Column> read(String data) throws NotJson {
        return ROWS.read(Json.read(data), Source.PROGRAM);
    }

    @Test
    void numbersAreArraysOfTheirOwnType() throws NotJson {
        var columns = read("[{\"x\": 1, \"n\": 9007199254740993, \"t\": \"1970-01-01T00:00:01.5+01:00\"}, {\"x\": null, \"t\": null}]");
        assertArrayEquals(new double[] {1, Double.NaN}, (double[]) columns.get(0).values());
        assertArrayEquals(new long[] {9007199254740993L, 0}, (long[]) columns.get(1).values());
        assertEquals(1, columns.get(1).missing().nextSetBit(0));
        assertEquals("Int64", columns.get(1).dtype());
        assertEquals("1969-12-31T23:00:01.500000", columns.get(2).at(0).toString());
    }

    @Test
    void everythingThatIsWrongIsTold() {
        var error = assertThrows(MlmodelException.class, () -> read("[{\"x\": \"5\", \"n\": 1.5}, {\"x\": true, \"n\": 2}]"));
        assertEquals(List.of(
            new Detail("ENF-049", "x", 0, "double", "'5'"),
            new Detail("ENF-042", "n", 0, "long", "1.5"),
            new Detail("ENF-004", "t", 0, "datetime", "no such key")), error.details());
        assertTrue(error.getMessage().contains("column x, row 0: expected double, got '5' (ENF-049)"), error.getMessage());
    }

    private static Column recorded(String record, String... times) {
        var inputs = Signature.read(Map.of("inputs", "[{\"type\": \"datetime\", \"name\": \"t\"}]")).inputs();
        try {
            var delivery = Delivery.of((Map<?, ?>) Json.read("{\"columns\": {\"t\": " + record + "}}"));
            return new Enforcement(inputs, delivery).read(Map.of("t", Arrays.asList(times)), Source.PROGRAM).get(0);
        } catch (NotJson error) {
            throw new AssertionError(error);
        }
    }

    @Test
    void daysAndZonesAreDeliveredAsRecorded() {
        var days = recorded("{\"dtype\": \"date\"}", "2020-01-01", null, "1969-12-31T00:00:00");
        assertEquals(LocalDate.of(2020, 1, 1), days.at(0));
        assertNull(days.at(1));
        assertEquals(LocalDate.of(1969, 12, 31), days.at(2));
        assertEquals("date", days.dtype());
        var zoned = recorded("{\"zone\": \"Asia/Tokyo\"}", "2020-01-01T00:00:00Z", "1969-12-31T23:59:59.5Z");
        assertEquals("2020-01-01T09:00:00+09:00", zoned.at(0).toString());
        assertEquals("1970-01-01T08:59:59.500000+09:00", zoned.at(1).toString());
        assertEquals("datetime64[ns, Asia/Tokyo]", zoned.dtype());
        assertEquals("2020-06-01T01:00:00+01:00", recorded("{\"zone\": \"Europe/London\"}", "2020-06-01").at(0).toString());
        assertEquals("2020-01-01T00:00:00+00:00", recorded("{\"zone\": \"Europe/London\"}", "2020-01-01").at(0).toString());
    }

    @Test
    void aRecordThatCannotBeKeptIsRefused() {
        var error = assertThrows(MlmodelException.class, () -> recorded("{\"dtype\": \"date\"}", "2020-01-01", "2020-01-01T10:00:00"));
        assertEquals(List.of(new Detail("ENF-094", "t", 1, "a day, and no time within one", "'2020-01-01T10:00:00'")), error.details());
        error = assertThrows(MlmodelException.class, () -> recorded("{\"dtype\": \"date\"}", "2020-01-01T10:00:00", "soon"));
        assertEquals(List.of("ENF-053"), error.details().stream().map(Detail::rule).toList());
        error = assertThrows(MlmodelException.class, () -> recorded("{\"dtype\": \"string\"}"));
        assertTrue(error.getMessage().contains("the column t does not fit its declared type, datetime (ENF-091)"), error.getMessage());
        for (var broken : List.of("5", "{\"zone\": 5}", "{\"dtype\": \"dat\"}")) {
            error = assertThrows(MlmodelException.class, () -> recorded(broken));
            assertTrue(error.getMessage().contains("the column t") && error.getMessage().contains("(ENF-091)"), error.getMessage());
        }
        error = assertThrows(MlmodelException.class, () -> recorded("{\"zone\": \"Mars/Olympus\"}"));
        assertTrue(error.getMessage().contains("the zone 'Mars/Olympus' in the column t"), error.getMessage());
    }

    private static Object column(String type, Object... cells) {
        var inputs = "[{\"type\": \"" + type + "\", \"name\": \"x\"}]";
        var held = new Enforcement(Signature.read(Map.of("inputs", inputs)).inputs());
        return held.read(Map.of("x", Arrays.asList(cells)), Source.PROGRAM).get(0).values();
    }

    private static String refused(String type, Object cell) {
        var error = assertThrows(MlmodelException.class, () -> column(type, cell));
        return error.details().isEmpty() ? error.getMessage() : error.details().get(0).rule();
    }

    @Test
    void javasOwnNumbersAreReadByTheRules() {
        var whole = new Object[] {(byte) 1, (short) 2, 3, 4L, BigInteger.valueOf(5), new AtomicLong(6)};
        assertArrayEquals(new long[] {1, 2, 3, 4, 5, 6}, (long[]) column("long", whole));
        assertArrayEquals(new int[] {1, 2, 3, 4, 5, 6}, (int[]) column("integer", whole));
        assertArrayEquals(new double[] {1.5, 0.1f, 0.1, 7, Double.NaN, Double.POSITIVE_INFINITY},
            (double[]) column("double", 1.5, 0.1f, new BigDecimal("0.1"), 7, Float.NaN, Double.POSITIVE_INFINITY));
        // Half-way between two floats, read to the even one, which the shortest decimal is not.
        assertArrayEquals(new float[] {0.1f, 0.1f, 1, -0.0f}, (float[]) column("float", 0.1f, 0.1, 1 + 0x1p-24, -0.0));
        assertEquals("ENF-042", refused("long", 5.0));
        assertEquals("ENF-016", refused("long", new BigDecimal("5")));
        assertEquals("ENF-043", refused("integer", 1L << 31));
        assertEquals("ENF-043", refused("long", BigInteger.TWO.pow(63)));
        assertEquals("ENF-045", refused("double", (1L << 53) + 1));
        assertEquals("ENF-047", refused("double", new BigDecimal("1e400")));
        assertEquals("ENF-049", refused("double", true));
        assertEquals("ENF-066", refused("long", Double.NEGATIVE_INFINITY));
    }

    @Test
    void arraysAreColumnsAndBytesAreBytes() {
        var columns = ROWS.read(Map.of("x", new float[] {1, 2}, "n", new int[] {3, 4}, "t", new String[] {"2020-01-31", null}), Source.PROGRAM);
        assertArrayEquals(new double[] {1, 2}, (double[]) columns.get(0).values());
        assertArrayEquals(new long[] {3, 4}, (long[]) columns.get(1).values());
        assertArrayEquals(new Object[] {"abc"}, (Object[]) column("string", new StringBuilder("abc")));
        var bytes = new byte[] {1, 2};
        assertArrayEquals(new Object[] {bytes}, (Object[]) column("binary", bytes));
        assertEquals("ENF-021", refused("string", bytes));
        assertEquals("ENF-021", refused("long", bytes));
        assertEquals("ENF-053", refused("datetime", bytes));
    }

    @Test
    void aTableOfAProgramHasJavasNumbersToo() {
        var table = new Table(List.of("x", "t"), 2, 1, at -> row -> at == 0 ? (Object) 5L : null);
        assertArrayEquals(new double[] {5}, (double[]) ROWS.read(table, Source.PROGRAM).get(0).values());
    }

    @Test
    void aClassThatIsNotTakenIsNamed() {
        assertTrue(refused("string", new Object()).startsWith("The value at /x/0 is of the class java.lang.Object, which is not taken. Give"));
        assertTrue(refused("datetime", Instant.EPOCH).contains("class java.time.Instant"));
        assertTrue(refused("string", new char[] {'a'}).contains("class char[]"));
        var keys = assertThrows(MlmodelException.class, () -> ROWS.read(Map.of(1.5, 1), Source.PROGRAM));
        assertEquals("A key is of the class java.lang.Double; names are texts, Integer or Long.", keys.getMessage());
        var twice = assertThrows(MlmodelException.class, () -> ROWS.read(Map.of(1, 1, "1", 2), Source.PROGRAM));
        assertEquals("Two keys are both written 1.", twice.getMessage());
        assertTrue(refused("string", Map.of("a", new Object[] {1, new Object()})).startsWith("The value at /x/0/a/1 is of"));
        var itself = new ArrayList<Object>();
        itself.add(itself);
        assertTrue(refused("string", itself).contains("deeper than 1024"));
    }

    @Test
    void whatIsMissingIsSaid() {
        var none = Signature.read(Map.of()).inputs();
        for (var inputs : Arrays.asList(none, List.<Spec>of())) {
            var error = assertThrows(MlmodelException.class, () -> new Enforcement(inputs));
            assertTrue(error.getMessage().startsWith("There are no inputs to hold data against"), error.getMessage());
        }
        for (Executable asked : List.<Executable>of(
            () -> ROWS.read(null, Source.PROGRAM), () -> ROWS.readRecords(null, Source.PROGRAM))) {
            var error = assertThrows(MlmodelException.class, asked);
            assertTrue(error.getMessage().startsWith("There are no data"), error.getMessage());
        }
        var error = assertThrows(MlmodelException.class, () -> ROWS.read(List.of(), null));
        assertTrue(error.getMessage().contains("Source.PROGRAM"), error.getMessage());
    }

    @Test
    void aNameInOtherLettersIsTold() {
        var error = assertThrows(MlmodelException.class, () -> read("{\"X\": [1], \"t\": [null]}"));
        assertEquals("2 inputs; is 'X' meant?", error.details().get(0).got());
    }

    @Test
    void valuesAreCutAndNumbersOfAnyLengthAreJudged() {
        var long1 = "1".repeat(5000);
        var error = assertThrows(MlmodelException.class, () -> read("{\"x\": " + long1 + ", \"n\": " + long1 + ", \"t\": 5}"));
        assertEquals(List.of("ENF-045", "ENF-043", "ENF-055"), error.details().stream().map(Detail::rule).toList());
        assertEquals("1".repeat(59) + "…", error.details().get(0).got());
    }

    private static Object matched(Object declared, Object given) {
        var spec = new Spec.Column(declared, Type.Scalar.LONG, true);
        var table = new Table(List.of(given), 1, 1, at -> row -> 5);
        try {
            return new Enforcement(List.of(spec)).read(table, Source.PROGRAM).get(0).at(0);
        } catch (MlmodelException error) {
            return error.details().get(0).rule();
        }
    }

    @Test
    void aNumberIsANameOnlyWhereOneIsDeclared() {
        for (var given : List.of(7, 7L, BigInteger.valueOf(7), "7")) assertEquals(5L, matched(7L, given), given.getClass().toString());
        assertEquals(5L, matched("7", "7"));
        assertEquals("ENF-004", matched("7", 7));
        assertEquals("ENF-004", matched("a", "A"));
    }

    @Test
    void aNumberThatIsNotWholeIsNoOtherNumber() {
        assertEquals(5L, matched(7L, 7.0));
        assertEquals("ENF-004", matched(1L, 1.5));
        assertEquals("ENF-004", matched(1L, new BigDecimal("1.5")));
        assertEquals("ENF-004", matched(0L, Double.NaN));
        assertEquals("ENF-004", matched(Long.MAX_VALUE, Double.POSITIVE_INFINITY));
        assertEquals("ENF-004", matched(0L, BigInteger.TWO.pow(64)));
    }

    /** Sorting them by the place of each column among all, looked for each time, takes minutes. */
    @Test
    @Timeout(value = 60, threadMode = Timeout.ThreadMode.SEPARATE_THREAD)
    void manyFaultsAreSortedInTimeByTheirNumber() {
        int count = 40_000;
        var specs = IntStream.range(0, count).mapToObj(at -> (Spec) new Spec.Column("column " + at, Type.Scalar.LONG, true)).toList();
        var details = new ArrayList<Detail>();
        for (int at = 0; at < count; at++) details.add(new Detail("ENF-004", "column " + at * 7919L % count, null, "long", "0 inputs"));
        details.add(Detail.of("ENF-011"));
        var sorted = Matching.refused(specs, details).details();
        assertEquals("ENF-011", sorted.get(0).rule());
        for (int at = 0; at < count; at++) assertEquals("column " + at, sorted.get(at + 1).column());
    }

    /** Looking through what is told of all others for each column takes minutes. */
    @Test
    @Timeout(value = 60, threadMode = Timeout.ThreadMode.SEPARATE_THREAD)
    void manyColumnsAreToldInTimeByTheirNumber() {
        int count = 200_000;
        var specs = IntStream.range(0, count).mapToObj(at -> (Spec) new Spec.Column("column " + at, Type.Scalar.LONG, true)).toList();
        var table = new Table(specs.stream().map(Spec::name).toList(), count, 1, at -> row -> "x");
        var error = assertThrows(MlmodelException.class, () -> new Enforcement(specs).read(table, Source.JSON));
        assertEquals(count, error.details().size());
        assertEquals(new Detail("ENF-049", "column 5", 0, "long", "'x'"), error.details().get(5));
    }

    @Test
    void aColumnIsToldOfARuleOnce() {
        var twice = new Table(List.of("x", "x", "t"), 3, 1, at -> row -> at == 2 ? "2024-01-31" : "y");
        var rules = assertThrows(MlmodelException.class, () -> ROWS.read(twice, Source.JSON)).details().stream().map(Detail::rule).toList();
        assertEquals(List.of("ENF-007", "ENF-049"), rules);
        var error = assertThrows(MlmodelException.class, () -> ROWS.read(List.of(Map.of("x", 1)), Source.PROGRAM));
        assertEquals(List.of("ENF-004"), error.details().stream().map(Detail::rule).toList());
    }

    /** Comparing each name with each number takes minutes. */
    @Test
    @Timeout(value = 60, threadMode = Timeout.ThreadMode.SEPARATE_THREAD)
    void numbersThatAreNamesAreFoundInTimeByTheirNumber() {
        int count = 20_000;
        var specs = IntStream.range(0, count).mapToObj(at -> (Spec) new Spec.Column(null, Type.Scalar.LONG, true)).toList();
        var names = IntStream.range(0, 10 * count).mapToObj(at -> String.valueOf(10 * count - 1 - at)).toList();
        var positions = Matching.of(specs, names, names.size(), new ArrayList<>());
        for (int at = 0; at < count; at++) assertEquals(10 * count - 1 - at, positions[at]);
    }

    /** Looking through all that was told for each value takes minutes. */
    @Test
    @Timeout(value = 60, threadMode = Timeout.ThreadMode.SEPARATE_THREAD)
    void ofAParameterTheFirstValueThatIsWrongIsTold() {
        var declared = Signature.read(Map.of("params", "[{\"name\": \"a\", \"type\": \"long\", \"default\": [1], \"shape\": [-1]}]")).params();
        var details = new ArrayList<>(Collections.nCopies(100_000, new Detail("ENF-049", "x", 0, null, null)));
        Params.read(declared, Map.of("a", Collections.nCopies(300_000, "x")), details);
        assertEquals(List.of(new Detail("ENF-082", "a", 0, "long", "'x'")), details.subList(100_000, details.size()));
    }

    @Test
    void ofTheFaultsAtOnePlaceInAValueOneIsKept() {
        var type = new Type.ListOf(new Type.ListOf(Type.Scalar.LONG));
        var fault = assertThrows(Fault.class, () -> Values.read(type, List.of(List.of("a", "b"), List.of("c", true)), true));
        assertEquals(List.of("a"), fault.all().stream().map(Fault.One::value).toList());
    }
}
