package org.w3id.mlmodel.serving;

import java.util.AbstractList;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.Locale;
import java.util.Map;
import java.util.regex.Pattern;
import org.w3id.mlmodel.enforcement.Column;
import org.w3id.mlmodel.errors.ErrorName;
import org.w3id.mlmodel.errors.MlmodelException;
import org.w3id.mlmodel.json.JsonText;

/** Predictions as JSON (RST-040 to RST-049, RST-085). */
final class Answers {
    private static final Pattern QUALITY = Pattern.compile("0(?:\\.[0-9]{0,3})?|1(?:\\.0{0,3})?");

    private Answers() {}

    static String json(Object prediction, boolean isBare) {
        var value = prediction instanceof Model.Frame frame ? records(frame) : prediction instanceof Column column
            ? cells(column) : prediction;
        if (isBare) return JsonText.of(value);
        var said = new LinkedHashMap<String, Object>();
        said.put("predictions", value);
        return JsonText.of(said);
    }

    /** Rows as objects, each made when it is written. */
    private static Iterable<Object> records(Model.Frame frame) {
        if (new HashSet<>(frame.names()).size() < frame.names().size()) {
            throw new MlmodelException(ErrorName.UNSERIALIZABLE_PREDICTION,
                "The model answered with two columns of one name (RST-045).");
        }
        return new AbstractList<>() {
            @Override
            public Object get(int row) {
                Map<String, Object> record = new LinkedHashMap<>();
                for (int at = 0; at < frame.names().size(); at++) {
                    record.put(frame.names().get(at), frame.columns().get(at).at(row));
                }
                return record;
            }

            @Override
            public int size() {
                return frame.rows();
            }
        };
    }

    private static Iterable<Object> cells(Column column) {
        return new AbstractList<>() {
            @Override
            public Object get(int row) {
                return column.at(row);
            }

            @Override
            public int size() {
                return column.rows();
            }
        };
    }

    /** Refuses a request whose header {@code Accept} takes no JSON, before the model is asked (RST-124). */
    static void requireJson(String accept) {
        if (accept == null || accept.isBlank()) return;
        boolean some = false;
        double best = -1;
        int nearest = -1;
        for (var range : accept.split(",")) {
            var parts = range.strip().toLowerCase(Locale.ROOT).split(";", -1);
            double quality = quality(parts);
            if (quality < 0 || !parts[0].strip().matches("[^/\\s]+/[^/\\s]+")) continue;
            some = true;
            int near = near(parts[0].strip());
            if (near > nearest) {
                nearest = near;
                best = quality;
            }
        }
        if (!some || best > 0) return;
        throw new MlmodelException(ErrorName.NOT_ACCEPTABLE,
            "This server answers with application/json, which the request does not take (RST-124).");
    }

    private static int near(String range) {
        return switch (range) {
            case "application/json" -> 2;
            case "application/*" -> 1;
            case "*/*" -> 0;
            default -> -1;
        };
    }

    /** Returns the quality of a range; -1 of one whose quality is no number of the form, which says nothing. */
    private static double quality(String[] parts) {
        for (int at = 1; at < parts.length; at++) {
            var pair = parts[at].split("=", 2);
            if (!pair[0].strip().equals("q")) continue;
            var number = pair.length == 1 ? "" : pair[1].strip();
            return QUALITY.matcher(number).matches() ? Double.parseDouble(number) : -1;
        }
        return 1;
    }
}
