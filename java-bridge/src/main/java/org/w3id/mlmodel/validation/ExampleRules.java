package org.w3id.mlmodel.validation;

import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.stream.Collectors;
import org.w3id.mlmodel.document.Document;
import org.w3id.mlmodel.document.ExampleFile;
import org.w3id.mlmodel.document.FolderCheck;
import org.w3id.mlmodel.document.Violation;
import org.w3id.mlmodel.enforcement.Params;
import org.w3id.mlmodel.enforcement.Shown;
import org.w3id.mlmodel.errors.Detail;
import org.w3id.mlmodel.errors.ErrorName;
import org.w3id.mlmodel.errors.MlmodelException;
import org.w3id.mlmodel.signature.Param;
import org.w3id.mlmodel.signature.Signature;

/** The input example of a model folder, held against the signature (EXA-003, EXA-010, EXA-011, EXA-013, EXA-014). */
final class ExampleRules {
    /** How many faults of an example are listed. */
    private static final int MOST = 20;

    private final FolderCheck model;
    private final List<Violation> found = new ArrayList<>();
    private String unchecked;

    private ExampleRules(FolderCheck model) {
        this.model = model;
    }

    /** What is wrong with an example, as warnings; and why it was not looked at, or null. */
    record Checked(List<Violation> violations, String unchecked) {}

    static Checked check(FolderCheck model) {
        var rules = new ExampleRules(model);
        var data = model.document().data();
        if (data.get("saved_input_example_info") instanceof Map<?, ?> info) rules.example(info);
        else if (data.get("input_example") instanceof String early) rules.example(Map.of("artifact_path", early, "type", "dataframe")); // EXA-014
        return new Checked(rules.listed(), rules.unchecked);
    }

    private List<Violation> listed() {
        if (found.size() <= MOST) return found;
        var listed = new ArrayList<>(found.subList(0, MOST));
        var last = found.get(found.size() - 1);
        listed.add(new Violation("EXA-003", "There are " + (found.size() - MOST) + " more.", last.file(), 1, 1, null, Violation.WARNING, 1));
        return listed;
    }

    private void example(Map<?, ?> info) {
        var file = model.example(info.get("artifact_path"));
        if (file == null) return;
        unchecked = file.unread();
        if (unchecked != null) return;
        if (file.error() != null) {
            found.add(file.warning("EXA-007", "The example is not JSON: " + file.error() + "."));
            return;
        }
        try {
            data(file, info, signature(model.document()));
            request(model.example(info.get("serving_input_path")));
        } catch (Unread error) {
            found.add(file.warning(error.rule(), error.getMessage()));
        }
    }

    /** Returns what is declared; null where nothing is, and where the signature is of no use, which is said elsewhere. */
    private static Signature signature(Document document) {
        try {
            return document.signature() == null ? null : Signature.of(document);
        } catch (MlmodelException error) {
            return null;
        }
    }

    private void data(ExampleFile file, Map<?, ?> info, Signature signature) throws Unread {
        var example = new ExampleData(file.value(), info, signature == null ? null : signature.inputs());
        try {
            if (example.rows() == 0) found.add(file.warning("EXA-004", "An example holds at least one row."));
        } catch (MlmodelException error) {
            if (error.name() != ErrorName.INVALID_INPUT) throw error;
            // The place of one that is only counted is not looked for.
            for (var one : error.details()) found.add(found.size() < MOST ? misfit(file, example, one) : file.warning("EXA-003", ""));
            return;
        }
        if (!example.hasParams()) return;
        var params = example.params();
        if (signature != null) params(file, params, signature.params());
    }

    private static Violation misfit(ExampleFile file, ExampleData example, Detail detail) {
        var message = "The example breaks the signature: " + detail.words() + ".";
        var place = example.place(detail.column(), detail.row());
        return place == null ? file.warning("EXA-003", message) : file.warning("EXA-003", message, place);
    }

    private void params(ExampleFile file, Map<?, ?> params, List<Param> declared) {
        var strange = Params.leftOut(declared, params);
        if (!strange.isEmpty()) {
            var told = strange.stream().limit(MOST).map(Shown::of).collect(Collectors.joining(", "));
            found.add(file.warning("EXA-003", "The signature does not declare the parameters " + told + "; they are left out (ENF-080)."));
        }
        var details = new ArrayList<Detail>();
        try {
            Params.read(declared, params, details);
        } catch (MlmodelException error) {
            if (error.name() != ErrorName.INVALID_MODEL) throw error;
            return; // a default that is not of its type is said where it stands
        }
        for (var one : details) found.add(file.warning("EXA-003", "The example breaks the signature: " + one.words() + "."));
    }

    private void request(ExampleFile file) {
        if (file == null) return;
        unchecked = file.unread();
        if (unchecked != null) return;
        if (file.error() != null) found.add(file.warning("EXA-011", "The example as a request is not JSON."));
        else if (!(file.value() instanceof Map)) found.add(file.warning("EXA-011", "The example as a request is an object with the data."));
    }
}
