package org.w3id.mlmodel.bridge;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertInstanceOf;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.zip.ZipEntry;
import java.util.zip.ZipFile;
import java.util.zip.ZipOutputStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
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

    @Test
    void aTreeThatLeadsBackIsAFault(@TempDir Path folder) throws Exception {
        var zip = folder.resolve("model.zip");
        try (var from = new ZipFile(MOJOS.resolve("gbm.zip").toFile()); var to = new ZipOutputStream(Files.newOutputStream(zip))) {
            for (var entry : from.stream().toList()) {
                var bytes = from.getInputStream(entry).readAllBytes();
                to.putNextEntry(new ZipEntry(entry.getName()));
                if (entry.getName().equals("trees/t00_000.bin")) {
                    assertTrue(MojoTree.is(bytes, 4));
                    bytes[0] |= 3;  // the size of what is left of the first node has four bytes
                    ByteBuffer.wrap(bytes).order(ByteOrder.nativeOrder()).putInt(8, -12);
                }
                to.write(bytes);
            }
        }
        var fault = assertThrows(Fault.class, () -> Scorer.load(zip));
        assertEquals(Fault.BUNDLE, fault.told().get("kind"));
        assertEquals("trees/t00_000.bin is no whole tree", fault.getMessage());
    }

    @Test
    void aFileOfCategoriesIsOneColumns(@TempDir Path folder) throws Exception {
        var zip = folder.resolve("model.zip");
        try (var from = new ZipFile(MOJOS.resolve("gbm.zip").toFile()); var to = new ZipOutputStream(Files.newOutputStream(zip))) {
            for (var entry : from.stream().toList()) {
                var bytes = from.getInputStream(entry).readAllBytes();
                to.putNextEntry(new ZipEntry(entry.getName()));
                var text = new String(bytes, StandardCharsets.UTF_8);
                if (entry.getName().equals("model.ini")) bytes = text.replace("3: 3 d000.txt", "3: 3 d000.txt\n2: 3 d000.txt").getBytes(StandardCharsets.UTF_8);
                to.write(bytes);
            }
        }
        var fault = assertThrows(Fault.class, () -> Scorer.load(zip));
        assertEquals("it has not as many categories as it says", fault.getMessage());
    }

    @Test
    void aMojoOfAnotherAlgorithmIsNotTaken(@TempDir Path folder) throws Exception {
        var zip = folder.resolve("model.zip");
        try (var to = new ZipOutputStream(Files.newOutputStream(zip))) {
            to.putNextEntry(new ZipEntry("model.ini"));
            to.write("[info]\nalgorithm = none\n".getBytes(StandardCharsets.UTF_8));
        }
        assertEquals(Fault.UNSUPPORTED, assertThrows(Fault.class, () -> Scorer.load(zip)).told().get("kind"));
    }
}
