package org.w3id.mlmodel.document;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.math.BigInteger;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.LocalDate;
import java.time.LocalDate;
import java.time.LocalDateTime;
import java.time.OffsetDateTime;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.w3id.mlmodel.errors.ErrorName;

/** What is read of a file, and why one is not. */
class DocumentTest {
    static final String MODEL = "flavors:\n  sklearn:\n    pickled_model: m.pkl\n    sklearn_version: 1.10\n  other: {}\n"
        + "run_id: 0123\nmodel_size_bytes: 0x10\nmetadata: {a: 2020-01-02, b: 12345678901234567890, c: yes, d: ~, e: 1:30, f: 1.5}\n"
        + "signature:\n  inputs: '[{\"type\": \"long\", \"name\": \"a\"}]'\n  params: null\n";

    @TempDir
    Path folder;

    private ModelException refused(byte[] content) throws IOException {
        Files.write(folder.resolve("MLmodel"), content);
        return assertThrows(ModelException.class, () -> Document.read(folder));
    }

    @Test
    void textsStayAsTheyAreWritten() throws IOException {
        Files.writeString(folder.resolve("MLmodel"), MODEL);
        for (var path : List.of(folder, folder.resolve("MLmodel"))) {
            var read = Document.read(path);
            assertEquals(List.of("sklearn", "other"), List.copyOf(read.flavors().keySet()));
            assertEquals(Map.of("pickled_model", "m.pkl", "sklearn_version", "1.10"), read.flavors().get("sklearn"));
            assertEquals("0123", read.data().get("run_id"));
            assertEquals(16L, read.data().get("model_size_bytes"));
        }
    }

    @Test
    void otherValuesHaveTheTypeOfYaml() {
        var metadata = Document.mapping(Document.parse(MODEL).data().get("metadata"));
        var wanted = new java.util.LinkedHashMap<Object, Object>();
        wanted.put("a", LocalDate.of(2020, 1, 2));
        wanted.put("b", new BigInteger("12345678901234567890"));
        wanted.put("c", true);
        wanted.put("d", null);
        wanted.put("e", 90L);
        wanted.put("f", 1.5);
        assertEquals(wanted, metadata);
    }

    @Test
    void theSignatureIsItsTexts() {
        var signature = Document.parse(MODEL).signature();
        assertEquals("[{\"type\": \"long\", \"name\": \"a\"}]", signature.inputs());
        assertNull(signature.outputs());
        assertNull(signature.params());
        assertNull(Document.parse("flavors: {}\n").signature());
    }

    @Test
    void whatIsReadCannotBeChanged() {
        assertThrows(UnsupportedOperationException.class, () -> Document.parse(MODEL).data().clear());
        assertThrows(UnsupportedOperationException.class, () -> Document.parse(MODEL).flavors().clear());
    }

    @Test
    void whatIsNotThereIsNotFound() {
        var error = assertThrows(ModelException.class, () -> Document.read(folder));
        assertEquals(ErrorName.MODEL_NOT_FOUND, error.name());
        assertTrue(error.getMessage().contains("DIR-001"));
        assertEquals(ErrorName.MODEL_NOT_FOUND, assertThrows(ModelException.class, () -> Document.read(folder.resolve("a"))).name());
    }

    @Test
    void bytesThatAreNoTextHaveTheirPlace() throws IOException {
        var error = refused(new byte[] {'a', ':', '\n', (byte) 0xc3, (byte) 0xb6, (byte) 0xff});
        assertEquals(ErrorName.INVALID_MODEL, error.name());
        var found = error.violations().get(0);
        assertEquals(List.of("MLM-001", 2, 2), List.of(found.rule(), found.line(), found.column()));
    }

    @Test
    void theMessageSaysWhatIsWrongAndWhere() throws IOException {
        var error = refused("a: [1\n".getBytes());
        var found = error.violations().get(0);
        assertEquals(folder.resolve("MLmodel") + " cannot be read as an MLmodel file: line 2, column 1: "
            + found.message() + " (MLM-001)", error.getMessage());
        assertEquals("MLmodel cannot be read as an MLmodel file: line 1, column 1: The file holds a list; a mapping is expected. (MLM-001)",
            assertThrows(ModelException.class, () -> Document.parse("[]")).getMessage());
    }

    @Test
    void aLinkThatLeadsOutIsNotRead() throws IOException {
        var other = Files.createDirectories(folder.resolve("other"));
        var model = Files.createDirectories(folder.resolve("model"));
        Files.writeString(other.resolve("MLmodel"), MODEL);
        Files.createSymbolicLink(model.resolve("MLmodel"), other.resolve("MLmodel"));
        var error = assertThrows(ModelException.class, () -> Document.read(model));
        assertEquals("DIR-011", error.violations().get(0).rule());
    }

    @Test
    void aFolderInThePlaceOfTheFileIsNotRead() throws IOException {
        Files.createDirectories(folder.resolve("MLmodel"));
        assertEquals(ErrorName.UNREADABLE_MODEL, assertThrows(ModelException.class, () -> Document.read(folder)).name());
    }

    @Test
    void aPointerIsCalledByItsName() throws IOException {
        var error = refused("version https://git-lfs.github.com/spec/v1\noid sha256:1\n".getBytes());
        assertEquals("DIR-009", error.violations().get(0).rule());
        assertTrue(error.violations().get(0).message().contains("git lfs pull"));
    }

    private static Object written(String value) {
        return Document.parse("flavors: {}\nx: " + value + "\n").data().get("x");
    }

    @Test
    void timesOfYamlAreDatesMomentsOrMomentsInUtc() {
        assertEquals(LocalDate.of(2024, 1, 31), written("2024-01-31"));
        assertEquals(LocalDateTime.parse("2024-01-31T10:00:00.123456"), written("2024-01-31 10:00:00.1234567"));
        assertEquals(OffsetDateTime.parse("2024-01-31T08:30:00Z"), written("2024-1-31t10:00:00 +1:30"));
        assertEquals(OffsetDateTime.parse("2024-01-31T10:00:00Z"), written("2024-01-31T10:00:00Z"));
        for (var wrong : List.of("2024-13-01", "0000-01-01", "2024-01-31 24:00:00", "2024-01-31 00:00:00 +24")) {
            var problems = Document.parse("flavors: {}\nx: " + wrong + "\n").problems();
            assertEquals(List.of(true), problems.stream().map(one -> one.message().contains("no such date, time or zone")).toList(), wrong);
        }
    }
}
