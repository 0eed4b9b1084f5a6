package org.w3id.mlmodel.bridge;

import java.io.IOException;
import java.nio.file.Path;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.zip.ZipEntry;
import java.util.zip.ZipFile;
import tools.jackson.core.JsonParser;
import tools.jackson.core.JsonToken;
import tools.jackson.databind.json.JsonMapper;

/** What the assemblers of a bundle do with NaN: their files say it, and MLeap does not read it. */
final class Assemblers {
    private static final JsonMapper JSON = new JsonMapper();
    /** The folder of the stages: nothing else in a bundle is read. */
    private static final String ROOT = "root/";
    private static final String MODEL = "/model.json";
    private static final List<String> KEPT = List.of("attributes", "handle_invalid", "string");

    private Assemblers() {}

    /** Returns the names of the assemblers that hand NaN on, in a bundle whose files are JSON. */
    static Set<String> keeping(Path zip) throws IOException {
        var found = new HashSet<String>();
        try (var file = new ZipFile(zip.toFile())) {
            for (var entry : file.stream().filter(Assemblers::isModel).toList()) {
                var model = texts(file, entry);
                if (!"keep".equals(model.get(KEPT)) || !"vector_assembler".equals(model.get(List.of("op")))) continue;
                var node = file.getEntry(entry.getName().replace(MODEL, "/node.json"));
                var name = node == null ? null : texts(file, node).get(List.of("name"));
                if (name != null) found.add(name);
            }
        }
        return found;
    }

    private static boolean isModel(ZipEntry entry) {
        return entry.getName().startsWith(ROOT) && entry.getName().endsWith(MODEL);
    }

    /** Returns the texts wanted, by their keys; the numbers of a model, which may be many, are passed by. */
    private static Map<List<String>, String> texts(ZipFile file, ZipEntry entry) throws IOException {
        var found = new HashMap<List<String>, String>();
        try (var stream = file.getInputStream(entry); var parser = JSON.createParser(stream)) {
            if (parser.nextToken() == JsonToken.START_OBJECT) read(parser, List.of(), found);
        }
        return found;
    }

    private static void read(JsonParser parser, List<String> above, Map<List<String>, String> found) {
        while (parser.nextToken() == JsonToken.PROPERTY_NAME) {
            var path = new java.util.ArrayList<>(above);
            path.add(parser.currentName());
            var token = parser.nextToken();
            boolean isAbove = path.size() < KEPT.size() && KEPT.subList(0, path.size()).equals(path);
            if (token == JsonToken.START_OBJECT && isAbove) read(parser, path, found);
            else if (token == JsonToken.VALUE_STRING && (path.size() == 1 || path.equals(KEPT))) found.put(List.copyOf(path), parser.getString());
            else parser.skipChildren();
        }
    }
}
