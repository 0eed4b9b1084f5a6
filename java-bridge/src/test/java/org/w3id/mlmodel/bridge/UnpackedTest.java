package org.w3id.mlmodel.bridge;

import static org.junit.jupiter.api.Assertions.assertDoesNotThrow;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Set;
import java.util.zip.Deflater;
import java.util.zip.ZipEntry;
import java.util.zip.ZipFile;
import java.util.zip.ZipOutputStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** What comes out of zip files is counted before it is read, and only what a bundle names is read (MLP-003, TRU-021). */
class UnpackedTest {
    private static final Path RESOURCES = Path.of("src/test/resources");
    private static final int PIECE = 1 << 20;

    /** Writes the files of a bundle or MOJO, and more. */
    private static Path written(Path to, String from, Map<String, byte[]> more) throws IOException {
        try (var given = new ZipFile(RESOURCES.resolve(from).toFile()); var zip = new ZipOutputStream(Files.newOutputStream(to))) {
            for (var entry : given.stream().toList()) {
                zip.putNextEntry(new ZipEntry(entry.getName()));
                given.getInputStream(entry).transferTo(zip);
            }
            for (var one : more.entrySet()) {
                zip.putNextEntry(new ZipEntry(one.getKey()));
                zip.write(one.getValue());
            }
        }
        return to;
    }

    /** Writes files that unpack to so many MiB of zeros, together. */
    private static Path zeros(Path to, int... sizes) throws IOException {
        try (var zip = new ZipOutputStream(Files.newOutputStream(to))) {
            zip.setLevel(Deflater.BEST_SPEED);
            for (int at = 0; at < sizes.length; at++) {
                zip.putNextEntry(new ZipEntry("root/" + at));
                for (int left = sizes[at]; left > 0; left--) zip.write(new byte[PIECE]);
            }
        }
        return to;
    }

    private static String refused(Path zip) {
        var fault = assertThrows(Fault.class, () -> Scorer.load(zip));
        assertEquals(Fault.BUNDLE, fault.told().get("kind"));
        return fault.getMessage();
    }

    @Test
    void whatExpandsTooFarIsAFault(@TempDir Path folder) throws Exception {
        var bomb = zeros(folder.resolve("bomb.zip"), 40, 25);
        assertTrue(refused(bomb).contains("expands to more than 200 times its size, and more than 64 MiB (TRU-021)"));
        var large = zeros(folder.resolve("large.zip"), 40, 24);
        assertDoesNotThrow(() -> Unpacked.require(large));
    }

    /** H2O sets so much memory aside as the directory says. */
    @ParameterizedTest
    @ValueSource(strings = {"bundles/lr.zip", "mojos/gbm.zip"})
    void aSizeThatIsNotSoIsAFault(String from, @TempDir Path folder) throws Exception {
        var zip = written(folder.resolve("model.zip"), from, Map.of("lie", new byte[] {1, 2, 3}));
        var bytes = ByteBuffer.wrap(Files.readAllBytes(zip)).order(ByteOrder.LITTLE_ENDIAN);
        // The last record of the directory: its name is 46 bytes behind its beginning, its size 24.
        int name = lastIndexOf(bytes.array(), "lie");
        assertEquals(3, bytes.getInt(name - 46 + 24));
        bytes.putInt(name - 46 + 24, Integer.MAX_VALUE);
        Files.write(zip, bytes.array());
        assertTrue(refused(zip).contains("the size of lie is not what it says"), refused(zip));
    }

    @Test
    void aNameThatIsThereTwiceIsAFault(@TempDir Path folder) throws Exception {
        var more = new LinkedHashMap<String, byte[]>();
        more.put("root/one", new byte[1]);
        more.put("root/two", new byte[2]);
        var zip = written(folder.resolve("model.zip"), "bundles/lr.zip", more);
        var text = Files.readString(zip, StandardCharsets.ISO_8859_1).replace("root/two", "root/one");
        Files.writeString(zip, text, StandardCharsets.ISO_8859_1);
        assertTrue(refused(zip).contains("it has the file root/one twice"));
    }

    @Test
    void whatIsNoStageIsNotRead(@TempDir Path folder) throws Exception {
        var more = Map.of("other/model.json", "no JSON".getBytes(StandardCharsets.UTF_8));
        var zip = written(folder.resolve("model.zip"), "bundles/lr.zip", more);
        assertEquals(4, Scorer.load(zip).inputs().size());
        assertEquals(Set.of(), Assemblers.keeping(zip));
    }

    @ParameterizedTest
    @ValueSource(strings = {
        "{\"op\": \"vector_assembler\", \"attributes\": {\"a\": {\"handle_invalid\": [1]}, \"handle_invalid\": {\"n\": 1, \"string\": \"keep\"}}}",
        "{\"attributes\": {\"handle_invalid\": {\"string\": \"keep\"}, \"op\": {\"string\": \"x\"}}, \"z\": [{\"op\": 1}], \"op\": \"vector_assembler\"}",
    })
    void anAssemblerThatKeeps(String model, @TempDir Path folder) throws Exception {
        assertEquals(Set.of("Kept"), Assemblers.keeping(assembler(folder, model)));
    }

    @ParameterizedTest
    @ValueSource(strings = {
        "[]", "\"keep\"", "{\"op\": \"vector_assembler\"}", "{\"op\": \"vector_assembler\", \"attributes\": {\"string\": \"keep\"}}",
        "{\"op\": \"vector_assembler\", \"handle_invalid\": {\"string\": \"keep\"}}",
        "{\"op\": \"vector_assembler\", \"attributes\": {\"handle_invalid\": {\"string\": \"error\"}}}",
        "{\"op\": \"one_hot_encoder\", \"attributes\": {\"handle_invalid\": {\"string\": \"keep\"}}}",
    })
    void anAssemblerThatDoesNot(String model, @TempDir Path folder) throws Exception {
        assertEquals(Set.of(), Assemblers.keeping(assembler(folder, model)));
    }

    private static Path assembler(Path folder, String model) throws IOException {
        var node = "{\"shape\": {\"name\": \"no\"}, \"name\": \"Kept\"}";
        return written(folder.resolve("model.zip"), "bundles/gbt.zip", Map.of(
            "root/Kept.node/model.json", model.getBytes(StandardCharsets.UTF_8),
            "root/Kept.node/node.json", node.getBytes(StandardCharsets.UTF_8)));
    }

    private static int lastIndexOf(byte[] bytes, String name) {
        return new String(bytes, StandardCharsets.ISO_8859_1).lastIndexOf(name);
    }
}
