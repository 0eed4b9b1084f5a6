package org.w3id.mlmodel.bridge;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
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
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

/** Bundles that Spark wrote, asked in bytes; what they answer is held against what Spark answered. */
class BundleTest {
    private static final JsonMapper JSON = new JsonMapper();
    private static final Path BUNDLES = Path.of("src/test/resources/bundles");

    private static List<String[]> table() throws Exception {
        var lines = Files.readAllLines(BUNDLES.resolve("data.csv"));
        return lines.stream().skip(1).map(line -> line.split(",")).toList();
    }

    /** Writes the rows as the request asks for them: by the bundle's own order of columns. */
    private static ByteBuffer request(JsonNode described, List<String[]> rows, List<Integer> wanted) {
        var names = List.of("x1", "x2", "k", "cat");
        var to = ByteBuffer.allocate(1 << 20).order(ByteOrder.LITTLE_ENDIAN).putInt(rows.size());
        for (var input : described.get("inputs")) {
            int place = names.indexOf(input.get("name").asString());
            to.put((byte) 0);
            if (input.get("type").asString().equals("string")) {
                texts(to, rows.stream().map(row -> row[place]).toList());
            } else {
                rows.forEach(row -> to.putDouble(Double.parseDouble(row[place])));
            }
        }
        to.putInt(wanted.size());
        wanted.forEach(to::putInt);
        return to.flip();
    }

    private static void texts(ByteBuffer to, List<String> texts) {
        int end = 0;
        to.putInt(end);
        for (var text : texts) to.putInt(end += text.getBytes(StandardCharsets.UTF_8).length);
        for (var text : texts) to.put(text.getBytes(StandardCharsets.UTF_8));
    }

    private static int place(JsonNode described, String output) {
        var found = new ArrayList<String>();
        described.get("outputs").forEach(one -> found.add(one.get("name").asString()));
        return found.indexOf(output);
    }

    private static JsonNode described(Bundle bundle) {
        return JSON.valueToTree(bundle.described());
    }

    private static Bundle bundle(String name) throws Fault {
        return Bundle.load(BUNDLES.resolve(name + ".zip"));
    }

    @ParameterizedTest
    @ValueSource(strings = {"lr", "rf", "gbt", "gbtr"})
    void answersAsSpark(String name) throws Exception {
        var bundle = bundle(name);
        var described = described(bundle);
        var rows = table();
        var answer = bundle.score(request(described, rows, List.of(place(described, "prediction")))).written();
        answer.order(ByteOrder.LITTLE_ENDIAN);
        assertEquals(0, answer.get());
        assertEquals(rows.size(), answer.getInt());
        assertEquals(0, answer.get());
        var expected = JSON.readTree(BUNDLES.resolve(name + ".json").toFile()).get("prediction");
        for (int row = 0; row < rows.size(); row++) {
            assertEquals(expected.get(row).asDouble(), answer.getDouble(), name.equals("gbtr") ? 1e-15 : 0.0);
        }
        assertEquals(0, answer.remaining());
    }

    @Test
    void vectorsAreWhereEachEnds() throws Exception {
        var bundle = bundle("lr");
        var described = described(bundle);
        var answer = bundle.score(request(described, table().subList(0, 2), List.of(place(described, "probability"))));
        var read = answer.written().order(ByteOrder.LITTLE_ENDIAN).position(6);
        assertArrayEquals(new int[] {0, 2, 4}, new int[] {read.getInt(), read.getInt(), read.getInt()});
        assertEquals(1.0, read.getDouble() + read.getDouble(), 1e-15);
        assertEquals(1.0, read.getDouble() + read.getDouble(), 1e-15);
    }

    @Test
    void noStageTakesWhatIsLast() throws Exception {
        var last = new ArrayList<String>();
        for (var one : described(bundle("lr")).get("outputs")) {
            if (one.get("last").asBoolean()) last.add(one.get("name").asString());
        }
        last.sort(null);
        assertEquals(List.of("prediction", "probability", "rawPrediction"), last);
    }

    @Test
    void theFirstRowThatFailsIsNamed() throws Exception {
        var bundle = bundle("lr");
        var rows = new ArrayList<>(table().subList(0, 5));
        rows.set(3, new String[] {"1", "2", "3", "zebra"});
        rows.set(4, new String[] {"1", "2", "3", "yak"});
        var request = request(described(bundle), rows, List.of(0));
        var told = assertThrows(Fault.class, () -> bundle.score(request)).told();
        assertEquals("data", told.get("kind"));
        assertEquals(3, told.get("row"));
        assertEquals("StringIndexer", told.get("model"));
        assertEquals(Map.of("cat", "zebra"), told.get("cells"));
    }

    @Test
    void whatIsNoBundleIsAFault(@TempDir Path folder) throws Exception {
        var file = Files.writeString(folder.resolve("a.zip"), "no zip file");
        assertEquals("bundle", assertThrows(Fault.class, () -> Bundle.load(file)).told().get("kind"));
        var lost = assertThrows(Fault.class, () -> Bundle.load(folder.resolve("lost.zip")));
        assertEquals("bundle", lost.told().get("kind"));
    }

    @Test
    void theBridgeAnswersInBytes(@TempDir Path folder) throws Exception {
        var bridge = new Bridge();
        var loaded = bridge.load(BUNDLES.resolve("lr.zip").toString());
        assertEquals(0, loaded[0]);
        var described = JSON.readTree(new String(loaded, 1, loaded.length - 1, StandardCharsets.UTF_8));
        int number = described.get("number").asInt();
        var request = request(described, table(), List.of(1, 2));
        var bytes = new byte[request.remaining()];
        request.get(bytes);
        var answer = bridge.score(number, bytes);
        assertEquals(0, answer[0]);
        var asked = Files.write(folder.resolve("asked"), bytes);
        var told = Files.createFile(folder.resolve("told"));
        assertEquals(0, bridge.scoreFile(number, asked.toString(), told.toString())[0]);
        assertArrayEquals(answer, Files.readAllBytes(told));
        bridge.close(number);
        var closed = new String(bridge.score(number, bytes), StandardCharsets.UTF_8);
        assertTrue(closed.contains("there is no bundle"), closed);
        assertEquals(1, bridge.load(folder.resolve("lost.zip").toString())[0]);
    }
}
