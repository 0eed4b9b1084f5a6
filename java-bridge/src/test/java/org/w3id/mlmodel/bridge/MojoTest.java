package org.w3id.mlmodel.bridge;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertInstanceOf;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.BufferedOutputStream;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.function.UnaryOperator;
import java.util.stream.IntStream;
import java.util.zip.Deflater;
import java.util.zip.ZipEntry;
import java.util.zip.ZipFile;
import java.util.zip.ZipOutputStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

/** MOJOs that H2O 3.46.0.10 wrote, with its own answers, to missing values and an unknown category too. */
class MojoTest {
    private static final JsonMapper JSON = new JsonMapper();
    private static final Path MOJOS = Path.of("src/test/resources/mojos");

    private static Object[][] given(Scorer scorer, JsonNode asked) {
        var columns = new ArrayList<Object[]>();
        for (var kind : scorer.inputs()) {
            int place = -1;
            for (int at = 0; at < asked.get("columns").size(); at++) {
                if (asked.get("columns").get(at).asString().equals(kind.name())) place = at;
            }
            var cells = new ArrayList<Object>();
            for (var row : asked.get("data")) {
                var cell = row.get(place);
                cells.add(cell.isNull() ? null : cell.isString() ? cell.asString() : (Object) cell.asDouble());
            }
            columns.add(cells.toArray());
        }
        return columns.toArray(Object[][]::new);
    }

    @ParameterizedTest
    @ValueSource(strings = {"gbm", "wide", "forest", "glm", "kmeans", "clusters", "deep", "ensemble"})
    void answersAsH2o(String name) throws Exception {
        var asked = JSON.readTree(MOJOS.resolve(name + ".json"));
        var scorer = Scorer.load(MOJOS.resolve(name + ".zip"));
        assertInstanceOf(Mojo.class, scorer);
        // Trees to the last bit; sums are added in another order there.
        double allowed = List.of("glm", "deep", "ensemble").contains(name) ? 1e-12 : 0;
        var told = scorer.answer(given(scorer, asked), asked.get("data").size());
        var names = new ArrayList<String>();
        asked.get("answers").properties().forEach(one -> names.add(one.getKey()));
        assertEquals(names, scorer.answers().stream().map(Kind::name).toList());
        for (int at = 0; at < names.size(); at++) {
            for (int row = 0; row < told[at].length; row++) {
                var due = asked.get("answers").get(names.get(at)).get(row);
                if (due.isString()) assertEquals(due.asString(), told[at][row]);
                else assertEquals(due.asDouble(), ((Number) told[at][row]).doubleValue(), allowed, name + " " + names.get(at) + " " + row);
            }
        }
    }

    @Test
    void aLinearModelRefusesACategoryThatItDoesNotKnow() throws Exception {
        var scorer = Scorer.load(MOJOS.resolve("glm.zip"));
        var fault = assertThrows(Fault.class, () -> scorer.answer(new Object[][] {{"a", "new"}, {0.2, 0.2}, {3.0, 3.0}}, 2));
        assertEquals(Fault.DATA, fault.told().get("kind"));
        assertEquals(1, fault.told().get("row"));
        assertEquals(Map.of("cat", "new"), fault.told().get("cells"));
    }

    @Test
    void isAskedInBytes() throws Exception {
        var asked = JSON.readTree(MOJOS.resolve("gbm.json"));
        var scorer = Scorer.load(MOJOS.resolve("gbm.zip"));
        assertEquals(List.of("x1", "x2", "k", "cat"), scorer.inputs().stream().map(Kind::name).toList());
        var to = ByteBuffer.allocate(100).order(ByteOrder.LITTLE_ENDIAN).putInt(1);
        for (double number : new double[] {1, 2, 3}) to.put((byte) 0).putDouble(number);
        to.put((byte) 1).put((byte) 1).putInt(0).putInt(0).putInt(1).putInt(1);
        var bytes = scorer.score(to.flip()).bytes();
        var row = scorer.answer(new Object[][] {{1.0}, {2.0}, {3.0}, {null}}, 1);
        var due = ByteBuffer.allocate(14).order(ByteOrder.LITTLE_ENDIAN).put((byte) 0).putInt(1).put((byte) 0);
        assertEquals(ByteBuffer.wrap(due.putDouble((Double) row[1][0]).array()), ByteBuffer.wrap(bytes));
        assertTrue(asked.get("answers").has("yes"));
    }

    /** Writes the MOJO of gradient boosting with some files changed. */
    private static Path changed(Path folder, UnaryOperator<String> settings, UnaryOperator<byte[]> tree) throws Exception {
        var zip = folder.resolve("model.zip");
        try (var from = new ZipFile(MOJOS.resolve("gbm.zip").toFile()); var to = new ZipOutputStream(Files.newOutputStream(zip))) {
            for (var entry : from.stream().toList()) {
                var bytes = from.getInputStream(entry).readAllBytes();
                to.putNextEntry(new ZipEntry(entry.getName()));
                if (entry.getName().equals("model.ini")) bytes = settings.apply(new String(bytes, UTF_8)).getBytes(UTF_8);
                if (entry.getName().equals("trees/t00_000.bin")) bytes = tree.apply(bytes);
                to.write(bytes);
            }
        }
        return zip;
    }

    private static Fault refused(Path zip) {
        return assertThrows(Fault.class, () -> Scorer.load(zip));
    }

    @Test
    void aTreeThatLeadsBackIsAFault(@TempDir Path folder) throws Exception {
        var fault = refused(changed(folder, UnaryOperator.identity(), bytes -> {
            assertTrue(MojoTree.is(bytes, 4));
            bytes[0] |= 3;  // the size of what is left of the first node has four bytes
            ByteBuffer.wrap(bytes).order(ByteOrder.nativeOrder()).putInt(8, -12);
            return bytes;
        }));
        assertEquals(Fault.BUNDLE, fault.told().get("kind"));
        assertEquals("trees/t00_000.bin is no whole tree", fault.getMessage());
    }

    @ParameterizedTest
    @CsvSource(delimiter = '|', value = {
        "n_columns = 5 | n_columns = 500000000 | it has not as many columns as it says",
        "n_features = 4 | n_features = 6 | it has not as many columns as it says",
        "n_features = 4 | n_features = -4 | a count in it is -4",
        "n_classes = 2 | n_classes = 500000000 | it has not as many classes as it says",
        "3: 3 d000.txt | 3: 500000000 d000.txt | it has not as many categories as it says",
        "3: 3 d000.txt | 3: 3 | it has not as many categories as it says",
        "3: 3 d000.txt | 3: 3 d007.txt | it has no file domains/d007.txt",
        "n_trees = 5 | n_trees = 500000000 | it has not as many trees as it says",
        "per_class = 1 | per_class = 500000000 | it has not as many trees as it says",
        "n_trees = 5 | n_trees = many | a count in it is no whole number: For input string: \"many\"",
        "mojo_version = 1.40 | mojo_version = 1.10 | a MOJO with trees in the form before 1.2"})
    void countsOfWhatIsNotThereAreFaults(String old, String changed, String said, @TempDir Path folder) throws Exception {
        assertEquals(said, refused(changed(folder, text -> text.replace(old, changed), UnaryOperator.identity())).getMessage());
    }

    /** Some models work on what they keep in themselves: each answer is made by a copy. */
    @ParameterizedTest
    @ValueSource(strings = {"gbm", "glm", "kmeans", "deep", "ensemble"})
    void severalThreadsAreAnsweredAlike(String name) throws Exception {
        var asked = JSON.readTree(MOJOS.resolve(name + ".json"));
        var scorer = Scorer.load(MOJOS.resolve(name + ".zip"));
        var columns = given(scorer, asked);
        int rows = asked.get("data").size();
        var due = scorer.answer(columns, rows);
        var answers = IntStream.range(0, 400).parallel().mapToObj(at -> {
            try {
                return scorer.answer(columns, rows);
            } catch (Fault fault) {
                throw new IllegalStateException(fault);
            }
        }).toList();
        for (var told : answers) assertTrue(Arrays.deepEquals(due, told));
    }

    @Test
    void aFileOfCategoriesIsOneColumns(@TempDir Path folder) throws Exception {
        var fault = refused(changed(folder, said -> said.replace("3: 3 d000.txt", "3: 3 d000.txt\n2: 3 d000.txt"), UnaryOperator.identity()));
        assertEquals("it has not as many categories as it says", fault.getMessage());
    }

    /** One tree and one file of settings for each model: to look through all of them for each takes minutes. */
    @Test
    @Timeout(value = 60, threadMode = Timeout.ThreadMode.SEPARATE_THREAD)
    void manyModelsInOneAreLookedThroughInTimeByTheirNumber(@TempDir Path folder) throws Exception {
        int count = 20_000;
        var zip = folder.resolve("model.zip");
        byte[] tree;
        try (var given = new ZipFile(MOJOS.resolve("gbm.zip").toFile())) {
            tree = given.getInputStream(given.getEntry("trees/t00_000.bin")).readAllBytes();
        }
        var model = "[info]\nalgorithm = Gradient Boosting Machine\nmojo_version = 1.40\nn_columns = 4\nn_features = 4\nn_trees = 1\n"
            + "n_trees_per_class = 1\n[columns]\na\nb\nc\nd\n";
        try (var to = new ZipOutputStream(new BufferedOutputStream(Files.newOutputStream(zip)))) {
            to.setLevel(Deflater.NO_COMPRESSION);
            for (int at = 0; at < count; at++) {
                var name = at == 0 ? "" : "models/m" + at + "/";
                to.putNextEntry(new ZipEntry(name + "model.ini"));
                to.write(model.getBytes(UTF_8));
                to.putNextEntry(new ZipEntry(name + "trees/t00_000.bin"));
                to.write(at == count - 1 ? new byte[1] : tree);
            }
        }
        var fault = assertThrows(Fault.class, () -> MojoFiles.require(zip));
        assertEquals("models/m" + (count - 1) + "/trees/t00_000.bin is no whole tree", fault.getMessage());
    }

    @Test
    void twoAnswersOfOneNameAreRefused(@TempDir Path folder) throws Exception {
        for (var classes : List.of("1\np1", "predict\nyes")) {
            var zip = folder.resolve("model.zip");
            try (var from = new ZipFile(MOJOS.resolve("gbm.zip").toFile()); var to = new ZipOutputStream(Files.newOutputStream(zip))) {
                for (var entry : from.stream().toList()) {
                    to.putNextEntry(new ZipEntry(entry.getName()));
                    to.write(entry.getName().equals("domains/d001.txt") ? classes.getBytes(UTF_8) : from.getInputStream(entry).readAllBytes());
                }
            }
            var fault = refused(zip);
            assertEquals(Fault.UNSUPPORTED, fault.told().get("kind"));
            assertEquals("a MOJO with two answers of the name " + (classes.startsWith("1") ? "p1" : "predict"), fault.getMessage());
        }
    }

    @Test
    void aMojoOfAnotherAlgorithmIsNotTaken(@TempDir Path folder) throws Exception {
        var zip = folder.resolve("model.zip");
        try (var to = new ZipOutputStream(Files.newOutputStream(zip))) {
            to.putNextEntry(new ZipEntry("model.ini"));
            to.write("[info]\nalgorithm = none\n".getBytes(UTF_8));
        }
        assertEquals(Fault.UNSUPPORTED, assertThrows(Fault.class, () -> Scorer.load(zip)).told().get("kind"));
    }
}
