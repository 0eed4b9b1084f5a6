package org.w3id.mlmodel.conformance;

import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.w3id.mlmodel.document.Document;
import org.w3id.mlmodel.document.ModelException;
import org.w3id.mlmodel.document.Violation;
import tools.jackson.databind.JsonNode;

/** check-model: the text of an MLmodel file, alone or in a folder with other files. */
final class CheckModel {
    private CheckModel() {}

    static Object answer(JsonNode input) {
        if (input.has("files") || input.has("mlmodel_base64")) throw new Skipped("folders are not checked yet");
        try {
            return result(Document.parse(text(input)).problems(), "");
        } catch (ModelException error) {
            return result(error.violations(), "");
        }
    }

    /** The text of a case, or pairs of a text and how many times it stands there. */
    private static String text(JsonNode input) {
        if (input.has("mlmodel")) return input.get("mlmodel").stringValue();
        var whole = new StringBuilder();
        for (var part : input.get("mlmodel_parts")) whole.append(part.get(0).stringValue().repeat(part.get(1).intValue()));
        return whole.toString();
    }

    private static Map<String, Object> result(List<Violation> violations, String folder) {
        boolean isValid = violations.stream().noneMatch(Violation::isError);
        return Map.of("valid", isValid, "violations", violations.stream().map(one -> told(one, folder)).toList());
    }

    private static Map<String, Object> told(Violation one, String folder) {
        var found = new LinkedHashMap<String, Object>();
        found.put("rule", one.rule());
        found.put("severity", one.severity());
        found.put("pointer", one.pointer());
        found.put("file", one.file() != null && one.file().startsWith(folder) ? one.file().substring(folder.length()) : one.file());
        found.put("line", one.line());
        found.put("column", one.column());
        return found;
    }
}
