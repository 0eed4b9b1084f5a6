package org.w3id.mlmodel.validation;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.zip.ZipEntry;
import java.util.zip.ZipOutputStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** What a folder breaks, at which place; the vectors of conformance have the rules one by one. */
class ValidationTest {
    private static final String FLAVORS = "flavors:\n  python_function:\n    loader_module: mlflow.sklearn\n";

    @TempDir
    Path folder;

    private Validation written(String model, String... files) throws IOException {
        Files.writeString(folder.resolve("MLmodel"), model);
        for (int at = 0; at < files.length; at += 2) Files.writeString(folder.resolve(files[at]), files[at + 1]);
        return Validation.of(folder);
    }

    private static List<String> places(Validation done) {
        return done.violations().stream().map(one -> one.rule() + " " + one.line() + ":" + one.column() + " " + one.pointer()).toList();
    }

    private String broken(String... lines) throws IOException {
        return places(written(FLAVORS + "signature:\n" + String.join("\n", lines) + "\n")).toString();
    }

    @Test
    void aPlaceInATextIsThatOfTheFile() throws IOException {
        var at = " /signature/inputs/0/type]";
        assertEquals("[SIG-003 5:22" + at, broken("  inputs: '[{\"type\": \"x\"}]'"));
        assertEquals("[SIG-003 5:24" + at, broken("  inputs: \"[{\\\"type\\\": \\\"x\\\"}]\""));
        assertEquals("[SIG-003 6:15" + at, broken("  inputs: |", "    [{\"type\": \"x\"}]"));
        assertEquals("[SIG-003 8:5" + at, broken("  inputs: >-", "    [{", "    \"type\":", "    \"x\"}]"));
        assertEquals("[SIG-003 6:7" + at, broken("  inputs: '[{\"type\":", "      \"x\"}]'"));
    }

    @Test
    void oneFaultOfAnAnyOfIsTold() throws IOException {
        assertEquals(List.of("PYF-002 4:10 /flavors/python_function/env"), places(written(FLAVORS + "    env: [1]\n")));
        assertEquals(List.of("PYF-002 4:10 /flavors/python_function/env"), places(written(FLAVORS + "    env: {conda: [1]}\n")));
    }

    @Test
    void violationsAreInTheOrderOfTheirPlaces() throws IOException {
        var done = written("zzz: 1\n" + FLAVORS + "  other: {}\nrun_id: [1]\n", "conda.yaml", "name: [a]\n", "requirements.txt", "a ==\n");
        assertEquals(List.of("MLM-011 1:1 /zzz", "MLM-012 5:3 /flavors/other", "MLM-008 6:9 /run_id", "ENV-002 1:7 /name",
            "ENV-006 1:1 null", "ENV-008 1:1 null"), places(done));
        assertEquals(1, done.exitCode());
        assertEquals(folder.resolve("conda.yaml").toString(), done.violations().get(3).file());
    }

    @Test
    void ofManyAHundredAreListed() throws IOException {
        var model = new StringBuilder(FLAVORS);
        for (int at = 0; at < 150; at++) model.append("k").append(at).append(": 1\n");
        var done = written(model.toString());
        assertEquals(101, done.violations().size());
        assertEquals(50, done.violations().get(100).times());
        assertTrue(done.isValid());
    }

    @Test
    void aLineSaysWhatIsWrongWhereAndWhatIsExpected() throws IOException {
        var line = written("flavors:\n  sklearn: {pickled_model: m.pkl}\n").violations().get(0).toString();
        assertEquals(folder.resolve("MLmodel") + ":2:28: error DIR-003: 'm.pkl' is missing from the folder: "
            + "the file that holds the model. (at /flavors/sklearn/pickled_model)", line);
    }

    @Test
    void pathsStayInTheFolder() throws IOException {
        Files.createSymbolicLink(folder.resolve("out"), Path.of("/"));
        Files.createSymbolicLink(folder.resolve("loop"), folder.resolve("loop"));
        Files.createSymbolicLink(folder.resolve("gone"), Path.of("/not/there"));
        for (var path : List.of("out", "out/x", "gone", "loop")) {
            var found = places(written(FLAVORS + "    data: " + path + "\n"));
            assertEquals(List.of("DIR-004 4:11 /flavors/python_function/data"), found, path);
        }
        assertEquals(List.of("DIR-002 4:11 /flavors/python_function/data"), places(written(FLAVORS + "    data: a/../..\n")));
        Files.createDirectories(folder.resolve("in"));
        Files.createSymbolicLink(folder.resolve("link"), Path.of("in"));
        assertEquals(List.of(), places(written(FLAVORS + "    data: link\n")));
    }

    @Test
    void aZipFileThatIsServedIsNotToBeUnpacked() throws IOException {
        for (var one : List.of("bundle.json", "model.ini", "other")) {
            var file = folder.resolve(one + ".zip");
            try (var zip = new ZipOutputStream(Files.newOutputStream(file))) {
                zip.putNextEntry(new ZipEntry(one));
            }
            var found = Validation.of(file).violations().get(0);
            assertEquals("LOC-019", found.rule());
            assertEquals(one.equals("other"), found.message().contains("Unpack it"), found.message());
            assertEquals(!one.equals("other"), found.message().contains("The command serve takes it"), found.message());
        }
    }

    @Test
    void whatIsNotLookedAtIsSaid() throws IOException {
        var model = FLAVORS + "saved_input_example_info: {artifact_path: e.json, type: dataframe}\n";
        assertNull(written(model, "e.json", "{\"columns\": [\"a\"], \"data\": [[1]]}").unchecked());
        var large = written(model, "e.json", " ".repeat(1 << 23) + "1");
        assertEquals(folder.resolve("e.json") + " was not checked: it has more than 8,388,608 bytes (EXA-015).", large.unchecked());
        assertEquals(List.of(), places(large));
        var deep = written(model, "e.json", "[".repeat(70) + "]".repeat(70));
        assertTrue(deep.unchecked().contains("64 levels"), deep.unchecked());
        assertEquals(List.of("EXA-007 1:1 null"), places(written(model, "e.json", "{\"columns\"")));
    }

    @Test
    void tabsSeparateAndDoNotIndent() throws IOException {
        var tabs = "flavors:\n  python_function:\t\n    loader_module: \tmlflow.sklearn\t# why\n"
            + "    artifacts: {\n\ta:\t{path:\tMLmodel}}\n";
        assertEquals(List.of(), places(written(tabs)));
        assertEquals("MLM-001", written(FLAVORS + "\tx: 1\n").violations().get(0).rule());
        assertEquals("MLM-001", written(FLAVORS + "env_vars:\n-\tA\n").violations().get(0).rule());
    }

    @Test
    void whatIsNoJsonIsToldBeforeItsDepth() throws IOException {
        var deep = "[".repeat(70);
        assertEquals("[SIG-001 5:12 /signature/inputs]", broken("  inputs: '" + deep + "]".repeat(70) + "'"));
        assertEquals("[SIG-001 5:82 /signature/inputs]", broken("  inputs: '" + deep + "~'"));
        assertEquals("[SIG-001 5:12 /signature/inputs]", broken("  inputs: '" + deep.repeat(10_000) + "'"));
    }

    private int command(ByteArrayOutputStream out, ByteArrayOutputStream err, String... models) {
        return ValidateCommand.run(List.of(models), new PrintStream(out, true, StandardCharsets.UTF_8),
            new PrintStream(err, true, StandardCharsets.UTF_8));
    }

    @Test
    void theCommandPrintsALineForEachAndCounts() throws IOException {
        var out = new ByteArrayOutputStream();
        var err = new ByteArrayOutputStream();
        written(FLAVORS + "zzz: 1\n");
        assertEquals(0, command(out, err, folder.toString()));
        assertEquals(folder.resolve("MLmodel") + ":4:1: warning MLM-011: The key 'zzz' is not part of the format; it is kept. (at /zzz)\n",
            out.toString(StandardCharsets.UTF_8));
        assertEquals("1 model: 1 valid, 0 not valid (0 errors, 1 warning)\n", err.toString(StandardCharsets.UTF_8));
    }

    @Test
    void theExitCodeIsTheWorst() throws IOException {
        var out = new ByteArrayOutputStream();
        var err = new ByteArrayOutputStream();
        written("a: 1\n");
        var nothing = folder.resolve("nothing").toString();
        assertEquals(1, command(out, err, folder.toString()));
        assertEquals(2, command(out, err, folder.toString(), nothing));
        assertTrue(err.toString(StandardCharsets.UTF_8).contains("2 models: 0 valid, 1 not valid, 1 unreadable (1 error, 1 warning)"));
        assertEquals(2, command(out, err));
        assertEquals(2, command(out, err, "--fix", nothing));
        assertTrue(err.toString(StandardCharsets.UTF_8).contains("unknown option --fix; a path that begins so is given as ./--fix.\nvalidate --help"));
        assertFalse(err.toString(StandardCharsets.UTF_8).contains("Exception"));
    }
}
