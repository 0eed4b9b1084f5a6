package org.w3id.mlmodel.document;

import java.util.ArrayList;
import java.util.List;
import java.util.Map;

/** What is recorded of a column, held against its declared type (ENF-091). */
final class DeliveryRules {
    private DeliveryRules() {}

    /** Returns what is recorded of columns whose declared type it does not fit. */
    static List<Violation> check(Document document) {
        var found = new ArrayList<Violation>();
        var delivery = Delivery.of(document);
        if (!(delivery.columns() instanceof Map) || !(Document.mapping(document.data().get("signature")).get("inputs") instanceof String)) return found;
        var text = document.jsonText(List.of("signature", "inputs"));
        if (text == null || text.root == null || !(text.root.plain() instanceof List<?> specs) || isBroken(document)) return found;
        for (int index = 0; index < specs.size(); index++) {
            if (specs.get(index) instanceof Map<?, ?> spec && !SignatureRules.isTensor(spec)) column(document, delivery, spec, index, found);
        }
        return found;
    }

    /** Whether the schema says what is wrong with the record. */
    private static boolean isBroken(Document document) {
        return SchemaCheck.of("mlmodel").findings(document.data(), List.of()).stream()
            .anyMatch(one -> one.path().size() > 1 && one.path().subList(0, 2).equals(Delivery.PLACE.subList(0, 2)));
    }

    private static void column(Document document, Delivery delivery, Map<?, ?> spec, int index, List<Violation> found) {
        var name = spec.get("name");
        var key = String.valueOf(name == null ? index : name);
        var type = String.valueOf(spec.get("type"));
        if (!(((Map<?, ?>) delivery.columns()).get(key) instanceof Map) || delivery.of(key).fits(type)) return;
        found.add(document.error("ENF-091", "What is recorded of the column %s does not fit its declared type, %s."
            .formatted(Texts.quoted(key), Texts.quoted(type)), Pointers.below(Delivery.PLACE, key)));
    }
}
