package org.w3id.mlmodel.validation;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Input examples held against signatures: what the vectors of conformance do not ask. */
class ExampleRulesTest {
    private static final String TWO = "{\"type\": \"long\", \"name\": \"a\"}, {\"type\": \"string\", \"name\": \"b\"}";
    private static final String FREE = "{\"type\": \"string\", \"name\": \"a\", \"required\": false}";
    private static final String MATRIX = "{\"type\": \"tensor\", \"tensor-spec\": {\"dtype\": \"float64\", \"shape\": [-1, 2]}}";
    private static final String NAMED = MATRIX.replace("\"tensor\",", "\"tensor\", \"name\": \"x\",") + ", "
        + MATRIX.replace("\"tensor\",", "\"tensor\", \"name\": \"y\",").replace("[-1, 2]", "[-1]");

    @TempDir
    Path folder;

    private Validation checked(String inputs, String info, String example) throws IOException {
        var signature = inputs == null ? "" : "signature:\n  inputs: '[" + inputs + "]'\n";
        Files.writeString(folder.resolve("MLmodel"), "flavors:\n  python_function:\n    loader_module: mlflow.sklearn\n"
            + "saved_input_example_info: {artifact_path: e.json, " + info + "}\n" + signature);
        Files.writeString(folder.resolve("e.json"), example);
        return Validation.of(folder);
    }

    private String told(String inputs, String info, String example) throws IOException {
        var done = checked(inputs, info, example);
        assertNull(done.unchecked());
        assertTrue(done.isValid());
        return done.violations().stream().map(one -> one.rule() + (one.pointer() == null ? "" : " " + one.pointer()))
            .collect(Collectors.joining(", "));
    }

    @ParameterizedTest
    @CsvSource(delimiter = '|', value = {
        "[{\"a\": 1, \"b\": \"x\"}, {\"a\": 2}] | ''", // what a record lacks is null
        "[{\"b\": \"x\"}] | EXA-003",
        "[[1, \"x\"]] | EXA-003", // names are declared, and none are given
        "{\"columns\": [\"b\", \"a\"], \"data\": [[\"x\", 1], [1, \"x\"]]} | 'EXA-003 /data/1/1, EXA-003 /data/1/0'",
        "{\"columns\": [\"a\", \"b\"], \"data\": [[NaN, NaN]]} | EXA-003 /data/0/0",
        "{\"columns\": [\"a\", \"b\"], \"data\": [[1]]} | EXA-007",
        "{\"columns\": [\"a\", \"b\"], \"data\": {}} | EXA-007",
        "{\"data\": []} | EXA-007",
        "5 | EXA-007"})
    void tables(String example, String due) throws IOException {
        assertEquals(due, told(TWO, "type: dataframe", example));
    }

    @ParameterizedTest
    @CsvSource(delimiter = '|', value = {
        "{\"a\": [1, 2], \"b\": [\"x\", null]} | ''",
        "{\"a\": [1, 2], \"b\": [\"x\", null], \"c\": [1]} | EXA-007", // a file is held to more than a request
        "{\"a\": [1], \"b\": \"x\"} | EXA-007",
        "[] | EXA-003, EXA-003",
        "[[1, \"x\"], 1] | EXA-007",
        "[{\"a\": 1, \"b\": \"x\"}, [1]] | EXA-003"})
    void valuesAsTheyAre(String example, String due) throws IOException {
        assertEquals(due.replace("EXA-003, EXA-003", told(TWO, "type: dataframe", "{\"columns\": [], \"data\": []}")),
            told(TWO, "type: json_object", example));
    }

    @ParameterizedTest
    @CsvSource(delimiter = '|', value = {
        "[[1, 2], [3, 4.5]] | ''", "[[1, null]] | ''", "[[NaN, Infinity]] | ''", "[] | EXA-004", "[[1, \"2\"]] | EXA-003", "[1, 2] | EXA-003",
        "[[1, 2], [3]] | EXA-003", "{\"x\": [[1, 2]]} | EXA-003", "{\"inputs\": [[1, 2]]} | ''", "5 | EXA-003"})
    void oneTensor(String example, String due) throws IOException {
        assertEquals(due, told(MATRIX, "type: ndarray", example));
    }

    @ParameterizedTest
    @CsvSource(delimiter = '|', value = {
        "{\"x\": [[1, 2]], \"y\": [1]} | ''", "{\"y\": [\"a\"], \"x\": [[1, 2, 3]]} | EXA-003, EXA-003", "{\"x\": [[1, 2]]} | EXA-003",
        "[[1, 2]] | EXA-003", "[] | EXA-004"})
    void severalTensors(String example, String due) throws IOException {
        assertEquals(due, told(NAMED, "type: ndarray", example));
    }

    @Test
    void whatIsNotDeclaredIsHeldToItsForm() throws IOException {
        assertEquals("", told(null, "type: ndarray", "{\"x\": [[1], [\"a\"]]}"));
        assertEquals("EXA-003", told(null, "type: ndarray", "[[1], [1, 2]]"));
        assertEquals("EXA-004", told(null, "type: dataframe", "{\"columns\": [\"a\"], \"data\": []}"));
        assertEquals("", told(null, "type: json_object", "{\"a\": [1], \"b\": 2}"));
        assertEquals("EXA-007", told(null, "type: dataframe, params: 'true'", "{\"inputs\": [1], \"params\": {}}"));
        assertEquals("EXA-010", told(null, "type: dataframe, params: 'true'", "{\"inputs\": [[1]], \"params\": []}"));
        assertEquals("", told(null, "type: dataframe, params: 'true'", "{\"inputs\": [[1]], \"params\": {\"k\": 1}}"));
    }

    @Test
    void twentyFaultsAreListed() throws IOException {
        var columns = IntStream.range(0, 25).mapToObj(at -> "{\"type\": \"long\", \"name\": \"c" + at + "\"}").collect(Collectors.joining(", "));
        var done = checked(columns, "type: dataframe", "{\"columns\": [], \"data\": []}").violations();
        assertEquals(21, done.size());
        assertEquals("There are 5 more.", done.get(20).message());
        assertEquals("The example breaks the signature: column c0: expected long, got 0 inputs (ENF-004).", done.get(0).message());
    }

    /** Looking for the places of all of them takes minutes: each is that of a line among many. */
    @Test
    @Timeout(value = 60, threadMode = Timeout.ThreadMode.SEPARATE_THREAD)
    void onlyTheFaultsThatAreListedArePlaced() throws IOException {
        int count = 20_000;
        var columns = IntStream.range(0, count).mapToObj(at -> "{\"type\": \"long\", \"name\": \"" + at + "\"}").collect(Collectors.joining(", "));
        var names = IntStream.range(0, count).mapToObj(at -> "\"" + at + "\"").collect(Collectors.joining(", "));
        var cell = "\"" + "x".repeat(30) + "\"";
        var example = "{\"columns\": [" + names + "],\n\"data\": [[" + (cell + ",\n").repeat(count - 1) + cell + "]]}";
        var done = checked(columns, "type: dataframe", example).violations();
        assertEquals(21, done.size());
        assertEquals("/data/0/19", done.get(19).pointer());
        assertEquals(21, done.get(19).line());
        assertEquals("There are " + (count - 20) + " more.", done.get(20).message());
    }

    @Test
    void recordsOfWhichHardlyAnyAreAlikeAreRefused() throws IOException {
        var records = IntStream.range(0, 2_000).mapToObj(at -> "{\"k" + at + "\": \"x\"}").collect(Collectors.joining(", "));
        assertEquals("EXA-015", told(FREE, "type: dataframe", "[" + records + "]"));
    }

    @ParameterizedTest
    @CsvSource(delimiter = '|', value = {
        "[1.5] | [0] | [0, 1] | [1, 2] | ''", "[] | [] | [0, 0] | [1, 2] | ''", "[1] | [0] | [0, 1, 1] | [2, 2] | ''",
        "[1] | [0] | [0, 1] | [1] | EXA-012", "[1] | [0] | [0, 1] | [1, -2] | EXA-012", "[1] | [0] | [0] | [1, 2] | EXA-012",
        "[1] | [0] | [1, 1] | [1, 2] | EXA-012", "[1, 2] | [0, 1] | [0, 2, 1] | [2, 2] | EXA-012", "[1] | [2] | [0, 1] | [1, 2] | EXA-012",
        "[1] | [-1] | [0, 1] | [1, 2] | EXA-012", "[1] | [0, 1] | [0, 1] | [1, 2] | EXA-012", "[1] | [0] | [0, 9] | [1, 2] | EXA-012",
        "[1] | [0.5] | [0, 1] | [1, 2] | EXA-012", "[[1]] | [0] | [0, 1] | [1, 2] | EXA-007", "[\"1\"] | [0] | [0, 1] | [1, 2] | EXA-003"})
    void partsOfASparseMatrix(String data, String indices, String ends, String shape, String due) throws IOException {
        var parts = "{\"data\": %s, \"indices\": %s, \"indptr\": %s, \"shape\": %s}".formatted(data, indices, ends, shape);
        assertEquals(due, told(MATRIX, "type: sparse_matrix_csr", parts));
    }

    @ParameterizedTest
    @CsvSource(delimiter = '|', value = {
        "int8 | -128 | 128", "uint8 | 255 | -1", "uint64 | 18446744073709551615 | 18446744073709551616", "int32 | 1 | 1.0",
        "float16 | 65504 | 65505", "float16 | 65519.9 | 65520.0", "float16 | 4100 | 4098", "float32 | 16777216 | 16777217",
        "float64 | null | \"1\"", "bool | true | 1", "bool | false | null", "str | \"a\" | null", "str | \"a\" | NaN", "object | null | 1",
        "bytes | \"AA==\" | \"A\"", "bytes | \"\" | null", "datetime64[s] | \"2024-01-31T00:00:01\" | \"2024-01-31T00:00:00.5\"",
        "datetime64[M] | \"2024-02-01\" | \"2024-02-02\"", "datetime64[Y] | \"NaT\" | \"2024-02-01\"",
        "datetime64[ns] | null | 5", "datetime64[W] | \"1970-01-08\" | \"1970-01-09\"", "complex64 | | 1"})
    void cellsOfTensors(String dtype, String right, String wrong) throws IOException {
        var inputs = "{\"type\": \"tensor\", \"tensor-spec\": {\"dtype\": \"" + dtype + "\", \"shape\": [-1]}}";
        if (right != null) assertEquals("", told(inputs, "type: ndarray", "[" + right + "]"), right);
        assertEquals("EXA-003", told(inputs, "type: ndarray", "[" + wrong + "]"), wrong);
    }

    @Test
    void theRowOfACellIsThatOfTheFirstAxis() throws IOException {
        var done = checked(MATRIX, "type: ndarray", "[[1, 2], [3, true], [4, false]]").violations();
        assertEquals(List.of("The example breaks the signature: column 0, row 1: expected float64, got true (ENF-049)."),
            done.stream().map(one -> one.message()).toList());
    }
}
