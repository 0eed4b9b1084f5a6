package org.w3id.mlmodel.bridge;

import java.io.IOException;
import java.nio.file.Path;
import java.util.HashSet;
import java.util.Set;
import java.util.zip.ZipEntry;
import java.util.zip.ZipFile;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

/** What the assemblers of a bundle do with NaN: their files say it, and MLeap does not read it. */
final class Assemblers {
    private static final JsonMapper JSON = new JsonMapper();
    private static final String MODEL = "/model.json";

    private Assemblers() {}

    /** Returns the names of the assemblers that hand NaN on, in a bundle whose files are JSON. */
    static Set<String> keeping(Path zip) throws IOException {
        var found = new HashSet<String>();
        try (var file = new ZipFile(zip.toFile())) {
            for (var entry : file.stream().filter(one -> one.getName().endsWith(MODEL)).toList()) {
                var model = read(file, entry.getName());
                var isKept = model.at("/attributes/handle_invalid/string").asString("").equals("keep");
                if (isKept && model.path("op").asString("").equals("vector_assembler")) {
                    found.add(read(file, entry.getName().replace(MODEL, "/node.json")).path("name").asString(""));
                }
            }
        }
        return found;
    }

    private static JsonNode read(ZipFile file, String name) throws IOException {
        ZipEntry entry = file.getEntry(name);
        if (entry == null) return JSON.nullNode();
        try (var stream = file.getInputStream(entry)) {
            return JSON.readTree(stream);
        }
    }
}
