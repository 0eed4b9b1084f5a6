package org.w3id.mlmodel.serving;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.math.BigInteger;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.zip.ZipEntry;
import java.util.zip.ZipFile;
import java.util.zip.ZipOutputStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;
import org.w3id.mlmodel.errors.Detail;
import org.w3id.mlmodel.errors.ErrorName;
import org.w3id.mlmodel.errors.MlmodelException;
import org.w3id.mlmodel.signature.Signature;

/** Models of H2O that a MOJO answers for: which are taken, and what their features take (HTO-006 to HTO-011). */
class MojoModelTest {
    private static final Path MOJOS = Path.of("src/test/resources/mojos");
    private static final String ONE = "[[1, 2, 3, \"a\"]]";

    @TempDir
    Path folder;

    private Path saved(String mojo, String flavors) throws IOException {
        Files.copy(MOJOS.resolve(mojo), folder.resolve("model.mojo.zip"));
        Files.writeString(folder.resolve("MLmodel"), "flavors:\n" + flavors);
        return folder;
    }

    private static String of(String keys) {
        return "  h2o: {data: model.h2o" + keys + "}\n  python_function: {loader_module: mlflow.h2o}\n";
    }

    private static String asked(Model model, String type, String body) {
        var answer = new Scoring(model).answer(type, null, body.getBytes(StandardCharsets.UTF_8));
        return new String(answer.body(), StandardCharsets.UTF_8);
    }

    private static String json(String mojo, String body) {
        return asked(Bundles.alone(MOJOS.resolve(mojo)), "application/json", body);
    }

    /** Answers by the MOJO of gradient boosting to rows of x1, x2, k and cat. */
    private static String rows(String data) {
        return json("gbm.zip", "{\"dataframe_split\": {\"columns\": [\"x1\", \"x2\", \"k\", \"cat\"], \"data\": " + data + "}}");
    }

    private static MlmodelException refused(String mojo, String body) {
        var error = assertThrows(MlmodelException.class, () -> json(mojo, body));
        assertEquals(ErrorName.INVALID_INPUT, error.name());
        return error;
    }

    @Test
    void aModelOfH2oIsAnsweredByItsMojo() throws IOException {
        var model = Models.load(saved("gbm.zip", of(", mojo: model.mojo.zip")), false);
        assertEquals(rows(ONE), asked(model, "application/json", "{\"dataframe_records\": [{\"x1\": 1, \"x2\": 2, \"k\": 3, \"cat\": \"a\"}]}"));
    }

    @Test
    void aServerFollowsTheRecordOfDelivery() throws IOException {
        var inputs = "'[{\"type\": \"double\", \"name\": \"x1\"}, {\"type\": \"double\", \"name\": \"x2\"}, "
            + "{\"type\": \"long\", \"name\": \"k\"}, {\"type\": \"datetime\", \"name\": \"cat\"}]'";
        var model = Models.load(saved("gbm.zip", of(", mojo: model.mojo.zip") + "signature:\n  inputs: " + inputs
            + "\nmetadata: {mlmodel: {columns: {cat: {dtype: date}}}}\n"), false);
        var body = "{\"dataframe_split\": {\"columns\": [\"x1\", \"x2\", \"k\", \"cat\"], \"data\": [[1, 2, 3, \"%s\"]]}}";
        assertEquals(rows("[[1, 2, 3, \"2020-01-01\"]]"), asked(model, "application/json", body.formatted("2020-01-01")));
        var error = assertThrows(MlmodelException.class, () -> asked(model, "application/json", body.formatted("2020-01-01T10:00")));
        assertEquals("ENF-094", error.details().get(0).rule());
    }

    @ParameterizedTest
    @ValueSource(strings = {"5", "{cat: date}", "{cat: {dtype: dat}}", "{cat: {dtype: category}}", "{cat: {zone: Mars/Olympus}}", "{cat: {dtype: date}}"})
    void aBrokenRecordOfDeliveryIsAFaultOfTheModel(String columns) throws IOException {
        var inputs = "'[{\"type\": \"string\", \"name\": \"cat\"}]'";
        var folder = saved("gbm.zip", of(", mojo: model.mojo.zip") + "signature:\n  inputs: " + inputs
            + "\nmetadata: {mlmodel: {columns: " + columns + "}}\n");
        var error = assertThrows(MlmodelException.class, () -> Models.load(folder, false));
        assertEquals(ErrorName.INVALID_MODEL, error.name());
        assertTrue(error.getMessage().contains("(ENF-091)"), error.getMessage());
    }

    @ParameterizedTest
    @CsvSource(delimiter = '|', value = {
        "h2o: {mojo: null}; python_function: {loader_module: mlflow.h2o} | UNSUPPORTED_MODEL | has no MOJO",
        "h2o: {mojo: model.mojo.zip} | UNSUPPORTED_MODEL | the model has h2o (RST-087)",
        "h2o: {mojo: model.mojo.zip}; python_function: {loader_module: mlflow.sklearn} | UNSUPPORTED_MODEL | the model has h2o, python_function",
        "h2o: {mojo: ../gbm.zip}; python_function: {loader_module: mlflow.h2o} | INVALID_MODEL | (DIR-003)",
        "h2o: {mojo: [5]}; python_function: {loader_module: mlflow.h2o} | INVALID_MODEL | (HTO-002)",
        "h2o: {mojo: .}; python_function: {loader_module: mlflow.h2o} | INVALID_MODEL | is a folder, and a MOJO is a zip file (HTO-009)",
        "h2o: {mojo: MLmodel}; python_function: {loader_module: mlflow.h2o} | INVALID_MODEL | is no whole zip file (HTO-009)",
        "mleap: {model_data: model.mojo.zip} | INVALID_MODEL | has no bundle.json in it (MLP-004)"})
    void whatIsNotServedIsNamed(String flavors, ErrorName name, String said) throws IOException {
        var error = assertThrows(MlmodelException.class, () -> Models.load(saved("gbm.zip", "  " + flavors.replace("; ", "\n  ")), false));
        assertEquals(name, error.name());
        assertTrue(error.getMessage().contains(said), error.getMessage());
    }

    @Test
    void aBundleIsNoMojo() throws IOException {
        Files.copy(Path.of("src/test/resources/bundles/lr.zip"), folder.resolve("m.zip"));
        var error = assertThrows(MlmodelException.class, () -> Bundles.mojo(folder.resolve("m.zip"), null));
        assertEquals("m.zip has no model.ini in it (HTO-009).", error.getMessage());
    }

    @Test
    void whatIsBothIsNeither() throws IOException {
        var both = folder.resolve("both.zip");
        try (var from = new ZipFile(MOJOS.resolve("gbm.zip").toFile()); var to = new ZipOutputStream(Files.newOutputStream(both))) {
            to.putNextEntry(new ZipEntry("bundle.json"));
            for (var entry : from.stream().toList()) {
                to.putNextEntry(new ZipEntry(entry.getName()));
                from.getInputStream(entry).transferTo(to);
            }
        }
        var error = assertThrows(MlmodelException.class, () -> Bundles.bundle(both, null));
        assertEquals("both.zip has both bundle.json and model.ini in it (MLP-004).", error.getMessage());
    }

    @Test
    void aMojoThatIsBrokenIsToldByItsRule() throws IOException {
        var broken = folder.resolve("broken.zip");
        try (var to = new ZipOutputStream(Files.newOutputStream(broken))) {
            to.putNextEntry(new ZipEntry("model.ini"));
            to.write("[info]\nalgorithm = Word2Vec\n".getBytes(StandardCharsets.UTF_8));
        }
        var error = assertThrows(MlmodelException.class, () -> Bundles.alone(broken));
        assertEquals(ErrorName.UNSUPPORTED_MODEL, error.name());
        assertEquals("broken.zip cannot be read: a MOJO of the algorithm Word2Vec. (HTO-009)", error.getMessage());
    }

    @Test
    void aServerOfH2oIsNotToBeHad() {
        for (var way : new String[] {null, "", "mojo"}) Models.requireMojoWanted(way);
        var server = assertThrows(MlmodelException.class, () -> Models.requireMojoWanted("server"));
        assertEquals(ErrorName.MISSING_DEPENDENCY, server.name());
        var other = assertThrows(MlmodelException.class, () -> Models.requireMojoWanted("pojo"));
        assertEquals(ErrorName.INVALID_ARGUMENT, other.name());
        assertEquals("MLMODEL_H2O is mojo or server, not 'pojo' (HTO-010).", other.getMessage());
    }

    @Test
    void aSignatureThatIsBrokenIsTheModels() throws IOException {
        var place = saved("gbm.zip", of(", mojo: model.mojo.zip") + "signature: {inputs: '[]'}\n");
        var error = assertThrows(MlmodelException.class, () -> Models.load(place, false));
        assertEquals(ErrorName.INVALID_MODEL, error.name());
        assertTrue(error.getMessage().contains("(SIG-002)"), error.getMessage());
    }

    @Test
    void aTableIsMatchedByNameAndOneWithoutNamesByPosition() {
        var due = rows(ONE);
        for (var data : List.of(
            "{\"dataframe_split\": {\"columns\": [\"k\", \"more\", \"cat\", \"x1\", \"x2\"], \"data\": [[3, null, \"a\", 1, 2]]}}",
            "{\"dataframe_split\": {\"data\": [[1, 2, 3, \"a\"]]}}", "{\"dataframe_split\": {\"columns\": [0, 1, 2, 3], \"data\": [[1, 2, 3, \"a\"]]}}",
            "{\"inputs\": {\"x1\": 1, \"cat\": \"a\", \"k\": 3, \"x2\": 2}}",
            "{\"inputs\": {\"x1\": [1], \"cat\": [\"a\"], \"k\": [3], \"x2\": [2]}}", "{\"instances\": [{\"x1\": 1, \"cat\": \"a\", \"k\": 3, \"x2\": 2}]}")) {
            assertEquals(due, json("gbm.zip", data), data);
        }
        assertEquals(due, asked(Bundles.alone(MOJOS.resolve("gbm.zip")), "text/csv", "x1,x2,k,cat\n1,2,3,a\n"));
        for (var data : List.of("{\"inputs\": []}", "{\"dataframe_records\": []}", "{\"dataframe_split\": {\"data\": []}}")) {
            assertEquals("{\"predictions\":[]}", json("gbm.zip", data), data);
        }
    }

    @ParameterizedTest
    @ValueSource(strings = {"[[1, 2, 3, \"a\"]]", "[{\"x1\": 1, \"x2\": 2, \"k\": 3, \"cat\": \"a\"}]", "5", "\"text\"", "{\"x1\": [1, 2], \"x2\": [1]}", "{\"x1\": [1], \"x2\": 1}", "[1, {\"x1\": 1}]"})
    void whatIsNoTableIsRefused(String inputs) {
        assertEquals("HTO-007", refused("gbm.zip", "{\"inputs\": " + inputs + "}").details().get(0).rule());
    }

    @Test
    void featuresThatAreNotThereAndThoseThatAreTwiceAreListed() {
        var missing = refused("gbm.zip", "{\"dataframe_records\": [{\"k\": 1}]}");
        assertEquals(List.of("x1", "x2", "cat"), missing.details().stream().map(Detail::column).toList());
        assertTrue(missing.details().stream().allMatch(one -> one.rule().equals("HTO-006")));
        var twice = refused("gbm.zip", "{\"dataframe_split\": {\"columns\": [\"x1\", \"x2\", \"k\", \"cat\", \"k\"], \"data\": [[1, 2, 3, \"a\", 4]]}}");
        assertEquals(List.of("k"), twice.details().stream().map(Detail::column).toList());
        assertEquals("Expected 4 features, got 2 (HTO-006).", refused("gbm.zip", "{\"dataframe_split\": {\"data\": [[1, 2]]}}").getMessage());
        // Rows of no columns are rows.
        for (var rows : List.of("{\"dataframe_records\": [{}]}", "[{}, {}]", "{\"dataframe_split\": {\"columns\": [], \"data\": [[]]}}")) {
            assertEquals(4, refused("gbm.zip", rows).details().size(), rows);
        }
        // Texts are names, whatever they look like.
        assertEquals(4, refused("gbm.zip", "{\"dataframe_split\": {\"columns\": [\"0\", \"1\", \"2\", \"3\"], \"data\": [[1, 2, 3, \"a\"]]}}").details().size());
    }

    @Test
    void numbersAreTakenInEveryFormAndInfiniteOnesAreMissing() {
        assertEquals(rows("[[1, 1, 0, \"a\"]]"), rows("[[true, \"1.0\", false, \"a\"]]"));
        assertEquals(rows("[[null, null, null, \"a\"]]"), rows("[[Infinity, -Infinity, \"-inf\", \"a\"]]"));
        assertEquals(rows("[[1, 2, 1e30, \"a\"]]"), rows("[[1, 2, 1000000000000000000000000000000, \"a\"]]"));
        var linear = "{\"inputs\": {\"cat\": [\"a\"], \"x1\": [%s], \"x2\": [1], \"k\": [3]}}";
        assertEquals(json("glm.zip", linear.formatted("null")), json("glm.zip", linear.formatted("Infinity")));
    }

    @ParameterizedTest
    @ValueSource(strings = {"\"half\"", "\"\"", "\"NA\"", "[1]", "{\"a\": 1}", "\"2024-01-01\""})
    void whatIsNoNumberIsRefused(String cell) {
        var error = refused("gbm.zip", "{\"inputs\": {\"x1\": [1, %s], \"x2\": [1, 1], \"k\": [1, 1], \"cat\": [\"a\", \"a\"]}}".formatted(cell));
        assertEquals(List.of("HTO-008 x1 1"), error.details().stream().map(one -> one.rule() + " " + one.column() + " " + one.row()).toList());
    }

    @Test
    void anEmptyCategoryIsMissingAndAnUnknownOneToALinearModelAnError() {
        assertEquals(rows("[[1, 2, 3, null]]"), rows("[[1, 2, 3, \"\"]]"));
        assertEquals(rows("[[1, 2, 3, null]]"), rows("[[1, 2, 3, \"never\"]]"));
        assertEquals(rows("[[1, 2, 3, null]]"), rows("[[1, 2, 3, [1]]]"));
        var linear = "{\"inputs\": {\"cat\": [\"a\", %s], \"x1\": [1, 1], \"x2\": [1, 1], \"k\": [3, 3]}}";
        assertEquals(json("glm.zip", linear.formatted("null")), json("glm.zip", linear.formatted("\"\"")));
        var error = refused("glm.zip", linear.formatted("\"" + "n".repeat(99) + "\""));
        assertEquals(List.of(new Detail("HTO-011", "cat", 1, null, null)), error.details());
        assertTrue(error.getMessage().startsWith("Column cat has 'nnn"), error.getMessage());
        assertTrue(error.getMessage().contains("n… in row 1, which is not among"), error.getMessage());
        assertTrue(refused("glm.zip", linear.formatted("true")).getMessage().contains("has 'True' in"));
        assertTrue(refused("glm.zip", linear.formatted("1.50")).getMessage().contains("has '1.5' in"));
        assertTrue(refused("glm.zip", linear.formatted("7")).getMessage().contains("has '7' in"));
    }

    @Test
    void aSignatureIsHeldFirst() throws IOException {
        var inputs = "[{\"type\": \"double\"}, {\"type\": \"double\"}, {\"type\": \"long\", \"required\": false}, {\"type\": \"long\"}]";
        var signature = Signature.read(Map.of("inputs", inputs));
        var model = Bundles.mojo(MOJOS.resolve("gbm.zip"), signature);
        var body = "{\"dataframe_split\": {\"data\": [[1, 2, %s, 4]]}}";
        assertEquals(rows("[[1, 2, null, \"4\"]]"), asked(model, "application/json", body.formatted("null")));
        var error = assertThrows(MlmodelException.class, () -> asked(model, "application/json", body.formatted("\"x\"")));
        assertEquals("ENF-049", error.details().get(0).rule());
        var tensor = Signature.read(Map.of("inputs", "[{\"type\": \"tensor\", \"tensor-spec\": {\"dtype\": \"float64\", \"shape\": [-1, 4]}}]"));
        assertEquals(ErrorName.INVALID_MODEL, assertThrows(MlmodelException.class, () -> Bundles.mojo(MOJOS.resolve("gbm.zip"), tensor)).name());
    }

    @Test
    void classesAreWhatPythonReadsThemAs() {
        assertArrayEquals(new Object[] {BigInteger.ONE, BigInteger.ZERO, BigInteger.ONE}, Labels.read(new Object[] {"1", "0", "1"}));
        assertArrayEquals(new Object[] {1.0, 2.5}, Labels.read(new Object[] {"1", "2.5"}));
        assertArrayEquals(new Object[] {1.0, null}, Labels.read(new Object[] {"1", "NA"}));
        assertArrayEquals(new Object[] {true, false}, Labels.read(new Object[] {"True", "FALSE"}));
        assertArrayEquals(new Object[] {"1", "yes", null}, Labels.read(new Object[] {"1", "yes", "NA"}));
        assertArrayEquals(new Object[] {"1", "True"}, Labels.read(new Object[] {"1", "True"}));
        assertArrayEquals(new Object[] {BigInteger.TWO.pow(64).subtract(BigInteger.ONE)}, Labels.read(new Object[] {"18446744073709551615"}));
        assertArrayEquals(new Object[] {"18446744073709551616"}, Labels.read(new Object[] {"18446744073709551616"}));
        assertArrayEquals(new Object[] {"18446744073709551615", "-1"}, Labels.read(new Object[] {"18446744073709551615", "-1"}));
    }

    @ParameterizedTest
    @CsvSource({"1.5, 1.5", "1e22, 1e+22", "1e16, 1e+16", "123456789012345680, 1.2345678901234568e+17", "1e15, 1000000000000000.0", "0.0001, 0.0001",
        "0.00001, 1e-05", "0.000012, 1.2e-05", "-0.0, -0.0", "0, 0.0", "5e-324, 5e-324", "1.7976931348623157e308, 1.7976931348623157e+308",
        "Infinity, inf", "-Infinity, -inf", "NaN, nan", "2e-23, 2e-23", "100, 100.0"})
    void numbersAreWrittenAsPythonDoes(double number, String text) {
        assertEquals(text, PythonText.of(number));
    }
}
