package org.w3id.mlmodel.serving;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.function.BinaryOperator;
import java.util.zip.ZipEntry;
import java.util.zip.ZipFile;
import java.util.zip.ZipOutputStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.w3id.mlmodel.errors.MlmodelException;

/** Bundles of MLeap in folders and zip files, and what their stages take of missing cells (MLP-003, MLP-008). */
class BundlesTest {
    private static final Path LR = Path.of("src/test/resources/bundles/lr.zip");

    @TempDir
    Path folder;

    private Path unpacked() throws IOException {
        try (var from = new ZipFile(LR.toFile())) {
            for (var entry : from.stream().filter(one -> !one.isDirectory()).toList()) {
                var place = folder.resolve("bundle").resolve(entry.getName());
                Files.createDirectories(place.getParent());
                Files.write(place, from.getInputStream(entry).readAllBytes());
            }
        }
        return folder.resolve("bundle");
    }

    /** Writes the bundle with some texts in it changed, and one more stage. */
    private Path changed(BinaryOperator<String> change, String stage, String model, String node) throws IOException {
        var zip = folder.resolve("changed.zip");
        try (var from = new ZipFile(LR.toFile()); var to = new ZipOutputStream(Files.newOutputStream(zip))) {
            for (var entry : from.stream().toList()) {
                to.putNextEntry(new ZipEntry(entry.getName()));
                to.write(change.apply(entry.getName(), new String(from.getInputStream(entry).readAllBytes(), UTF_8)).getBytes(UTF_8));
            }
            to.putNextEntry(new ZipEntry("root/" + stage + ".node/model.json"));
            to.write(model.getBytes(UTF_8));
            to.putNextEntry(new ZipEntry("root/" + stage + ".node/node.json"));
            to.write(node.getBytes(UTF_8));
        }
        return zip;
    }

    private static String asked(Model model, String csv) {
        return new String(new Scoring(model).answer("text/csv", null, ("x1,x2,k,cat\n" + csv).getBytes(UTF_8)).body(), UTF_8);
    }

    @Test
    void aFolderAnswersAsItsZipFile() throws IOException {
        assertEquals(asked(Bundles.alone(LR), "1,2,3,a\n"), asked(Bundles.alone(unpacked()), "1,2,3,a\n"));
    }

    @Test
    void noFileOfAFolderIsALink() throws IOException {
        var bundle = unpacked();
        var real = Files.move(bundle.resolve("bundle.json"), folder.resolve("elsewhere.json"));
        Files.createSymbolicLink(bundle.resolve("bundle.json"), real);
        var error = assertThrows(MlmodelException.class, () -> Bundles.bundle(bundle, null));
        assertEquals("bundle bundle.json is no file of its own (MLP-004).", error.getMessage());
    }

    @Test
    void aPathIsRelativeAndLeadsNowhereElse() throws IOException {
        Files.copy(LR, folder.resolve("lr.zip"));
        var model = Files.createDirectory(folder.resolve("model"));
        Files.copy(LR, model.resolve("lr.zip"));
        Files.createSymbolicLink(model.resolve("out.zip"), folder.resolve("lr.zip"));
        for (var path : new String[] {model.resolve("lr.zip").toString(), "../lr.zip", "out.zip"}) {
            Files.writeString(model.resolve("MLmodel"), "flavors:\n  mleap: {model_data: " + path + "}\n");
            var error = assertThrows(MlmodelException.class, () -> Models.load(model, false));
            assertEquals("model_data leads out of the model's folder: " + path + ".", error.getMessage());
        }
        Files.writeString(model.resolve("MLmodel"), "flavors:\n  mleap: {model_data: lr.zip}\n");
        assertEquals(asked(Bundles.alone(LR), "1,2,3,a\n"), asked(Models.load(model, false), "1,2,3,a\n"));
    }

    /** The first stage of a bundle that takes x1 is an imputer, and the others take what it writes. */
    @Test
    void aMissingCellIsTakenWhereTheFirstStageThatGetsItTakesIt() throws IOException {
        var model = "{\"op\": \"imputer\", \"attributes\": {\"surrogate_value\": {\"double\": 0.25}, \"strategy\": {\"string\": \"mean\"}}}";
        var node = "{\"name\": \"Imputer\", \"shape\": {\"inputs\": [{\"port\": \"input\", \"name\": \"x1\"}],"
            + " \"outputs\": [{\"port\": \"output\", \"name\": \"x1_there\"}]}}";
        var zip = changed((name, text) -> name.equals("root/model.json") ? text.replace("\"StringIndexer_e58aa3d72fbb\", ", "\"Imputer\", \"StringIndexer_e58aa3d72fbb\", ")
            : name.startsWith("root/VectorAssembler") && name.endsWith("node.json") ? text.replace("\"name\": \"x1\"", "\"name\": \"x1_there\"") : text,
            "Imputer", model, node);
        var imputing = Bundles.alone(zip);
        assertEquals(asked(Bundles.alone(LR), "0.25,2,3,a\n"), asked(imputing, ",2,3,a\n"));
        var error = assertThrows(MlmodelException.class, () -> asked(imputing, "1,,3,a\n"));
        assertEquals("MLP-008", error.details().get(0).rule());
        assertTrue(error.getMessage().contains("column x2, row 0"), error.getMessage());
    }

    /** A row that a stage leaves out is answered with null in its place (SPK-014). */
    @Test
    void aRowThatIsLeftOutIsNull() throws IOException {
        var zip = folder.resolve("skips.zip");
        try (var from = new ZipFile(LR.toFile()); var to = new ZipOutputStream(Files.newOutputStream(zip))) {
            for (var entry : from.stream().toList()) {
                var text = new String(from.getInputStream(entry).readAllBytes(), UTF_8);
                to.putNextEntry(new ZipEntry(entry.getName()));
                to.write((entry.getName().startsWith("root/StringIndexer") ? text.replaceAll("(\"handle_invalid\"\\s*:\\s*\\{\\s*\"string\"\\s*:\\s*)\"error\"", "$1\"skip\"") : text).getBytes(UTF_8));
            }
        }
        var one = asked(Bundles.alone(LR), "1,2,3,a\n");
        var row = one.substring(one.indexOf('[') + 1, one.lastIndexOf(']'));
        assertEquals("{\"predictions\":[" + row + ",{\"prediction\":null,\"rawPrediction\":null,\"probability\":null}," + row + "]}",
            asked(Bundles.alone(zip), "1,2,3,a\n1,2,3,never\n1,2,3,a\n"));
    }
}
