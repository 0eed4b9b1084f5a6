package org.w3id.mlmodel.serving;

import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.stream.Collectors;
import org.w3id.mlmodel.enforcement.Params;
import org.w3id.mlmodel.errors.Detail;
import org.w3id.mlmodel.errors.ErrorName;
import org.w3id.mlmodel.errors.MlmodelException;

/** A request to score: read, held against what is declared, asked of the model, answered. */
final class Scoring {
    private static final int LONGEST_NAME = 60;
    private static final int MOST_NAMES = 10;

    private final Model model;
    private final Declared declared;

    Scoring(Model model) {
        this.model = model;
        declared = new Declared(model.signature());
    }

    /** Answers to a body, whose encoding is undone already. */
    Response answer(String contentType, String accept, byte[] body) {
        declared.requireColumns();
        var request = Bodies.read(contentType, body, declared);
        var details = new ArrayList<Detail>();
        var data = data(request, details);
        var params = params(request.params(), details);
        if (!details.isEmpty()) throw model.refused(details);
        Answers.requireJson(accept);
        var frame = data instanceof Model.Frame columns ? columns : null;
        var answer = Response.json(Answers.json(predicted(frame, data, params), request.isBare()));
        var leftOut = leftOut(request.params());
        return leftOut.isEmpty() ? answer : answer.with("MLmodel-Warning", warning(leftOut));
    }

    private Object data(Request request, List<Detail> details) {
        try {
            return request.data().read(declared);
        } catch (MlmodelException error) {
            if (error.name() != ErrorName.INVALID_INPUT) throw error;
            details.addAll(error.details());
            return null;
        }
    }

    private Map<String, Object> params(Map<?, ?> given, List<Detail> details) {
        if (declared.signature() != null) return Params.read(declared.signature().params(), given, details);
        if (given == null) return null;
        var passed = new java.util.LinkedHashMap<String, Object>();
        given.forEach((name, value) -> passed.put(String.valueOf(name), value));
        return passed;
    }

    private Object predicted(Model.Frame frame, Object data, Map<String, Object> params) {
        try {
            return model.predict(frame, frame == null ? data : null, params);
        } catch (MlmodelException | OutOfMemoryError error) {
            throw error;
        } catch (RuntimeException error) {
            throw failed(error);
        }
    }

    /** Returns the error of a model that failed; why is for the operator alone. */
    static MlmodelException failed(Throwable error) {
        Log.say("the model failed", error);
        return new MlmodelException(ErrorName.MODEL_FAILURE, "The model failed; the server's log tells more.");
    }

    private List<String> leftOut(Map<?, ?> given) {
        return declared.signature() == null ? List.of() : Params.leftOut(declared.signature().params(), given);
    }

    /** Returns the sentence on parameters that were left out, in printable ASCII (RST-089). */
    private static String warning(List<String> names) {
        var told = names.stream().limit(MOST_NAMES).map(Scoring::shown).collect(Collectors.joining(", "));
        var rest = names.size() > MOST_NAMES ? " and " + (names.size() - MOST_NAMES) + " more" : "";
        return "Parameters that the signature does not declare were left out: " + told + rest + " (ENF-080)";
    }

    private static String shown(String name) {
        int end = Math.min(name.length(), LONGEST_NAME);
        var cut = name.substring(0, end) + (end < name.length() ? "..." : "");
        return Log.plain(cut);
    }
}
