package org.w3id.mlmodel.conformance;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Base64;
import java.util.Comparator;
import java.util.LinkedHashMap;
import java.util.Map;
import org.w3id.mlmodel.document.Violation;
import org.w3id.mlmodel.validation.Validation;
import tools.jackson.databind.JsonNode;

/** check-model: the text of an MLmodel file, alone or in a folder with other files. */
final class CheckModel {
    private CheckModel() {}

    static Object answer(JsonNode input) throws IOException {
        if (!input.has("files") && !input.has("mlmodel_base64")) return result(Validation.ofText(text(input)), "");
        var folder = Files.createTempDirectory("mlmodel-harness");
        try {
            write(input, folder);
            return result(Validation.of(folder), folder + "/");
        } finally {
            remove(folder);
        }
    }

    /** The text of a case, or pairs of a text and how many times it stands there. */
    private static String text(JsonNode input) {
        if (input.has("mlmodel")) return input.get("mlmodel").stringValue();
        var whole = new StringBuilder();
        for (var part : input.get("mlmodel_parts")) whole.append(part.get(0).stringValue().repeat(part.get(1).intValue()));
        return whole.toString();
    }

    private static void write(JsonNode input, Path folder) throws IOException {
        var coded = input.path("mlmodel_base64");
        var content = coded.isString() ? Base64.getDecoder().decode(coded.stringValue()) : text(input).getBytes(StandardCharsets.UTF_8);
        Files.write(folder.resolve("MLmodel"), content);
        for (var file : input.path("files").properties()) {
            var place = folder.resolve(file.getKey());
            Files.createDirectories(place.getParent());
            Files.writeString(place, file.getValue().stringValue());
        }
    }

    private static void remove(Path folder) throws IOException {
        try (var all = Files.walk(folder)) {
            all.sorted(Comparator.reverseOrder()).forEach(one -> {
                try {
                    Files.delete(one);
                } catch (IOException error) {
                    throw new UncheckedIOException(error);
                }
            });
        }
    }

    private static Map<String, Object> result(Validation done, String folder) {
        boolean isValid = done.violations().stream().noneMatch(Violation::isError);
        return Map.of("valid", isValid, "violations", done.violations().stream().map(one -> told(one, folder)).toList());
    }

    private static Map<String, Object> told(Violation one, String folder) {
        var found = new LinkedHashMap<String, Object>();
        found.put("rule", one.rule());
        found.put("severity", one.severity());
        found.put("pointer", one.pointer());
        boolean isBelow = one.file() != null && one.file().startsWith(folder);
        found.put("file", isBelow ? one.file().substring(folder.length()) : one.file());
        found.put("line", one.line());
        found.put("column", one.column());
        return found;
    }
}
