package org.w3id.mlmodel.document;

import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Set;

/** What is recorded of a column, held against its declared type (ENF-091). */
final class DeliveryRules {
    private static final Set<String> SCALARS = Set.of("boolean", "integer", "long", "float", "double", "string", "binary", "datetime");
    private static final Set<String> OWN_TYPE = Set.of("boolean", "string");
    private static final List<String> PLACE = List.of("metadata", "mlmodel", "columns");

    private DeliveryRules() {}

    /** Returns what is recorded of columns whose declared type it does not fit. */
    static List<Violation> check(Document document) {
        var found = new ArrayList<Violation>();
        var columns = Document.mapping(Plain.at(document.data(), PLACE));
        if (columns.isEmpty() || !(Document.mapping(document.data().get("signature")).get("inputs") instanceof String)) return found;
        var text = document.jsonText(List.of("signature", "inputs"));
        if (text == null || text.root == null || !(text.root.plain() instanceof List<?> specs) || isBroken(document)) return found;
        for (int index = 0; index < specs.size(); index++) {
            if (specs.get(index) instanceof Map<?, ?> spec && !SignatureRules.isTensor(spec)) column(document, columns, spec, index, found);
        }
        return found;
    }

    /** Whether the schema says what is wrong with the record. */
    private static boolean isBroken(Document document) {
        return SchemaCheck.of("mlmodel").findings(document.data(), List.of()).stream()
            .anyMatch(one -> one.path().size() > 1 && one.path().subList(0, 2).equals(PLACE.subList(0, 2)));
    }

    private static void column(Document document, Map<Object, Object> columns, Map<?, ?> spec, int index, List<Violation> found) {
        var name = spec.get("name");
        var key = String.valueOf(name == null ? index : name);
        var type = String.valueOf(spec.get("type"));
        if (!(columns.get(key) instanceof Map<?, ?> record) || fits(record, type)) return;
        found.add(document.error("ENF-091", "What is recorded of the column %s does not fit its declared type, %s."
            .formatted(Texts.quoted(key), Texts.quoted(type)), Pointers.below(PLACE, key)));
    }

    private static boolean fits(Map<?, ?> record, String type) {
        if (!SCALARS.contains(type)) return false;
        var dtype = record.get("dtype");
        if (record.get("zone") != null) return type.equals("datetime") && dtype == null;
        if ("date".equals(dtype)) return type.equals("datetime");
        return dtype == null || !OWN_TYPE.contains(dtype) || dtype.equals(type);
    }
}
