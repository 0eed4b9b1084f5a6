package org.w3id.mlmodel.serving;

import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.w3id.mlmodel.errors.MlmodelException;
import org.w3id.mlmodel.json.Json;
import org.w3id.mlmodel.json.NotJson;

/** Bodies of requests, by their content type and their keys (RST-001, RST-005, RST-080, RST-081). */
final class Bodies {
    private static final String PARAMS = "params";
    private static final List<String> KEYS =
        List.of("dataframe_split", "dataframe_records", "instances", "inputs", "input_data");
    private static final Set<String> CONVERSATION = Set.of("messages", "prompt", "input");

    private final Declared declared;

    private Bodies(Declared declared) {
        this.declared = declared;
    }

    /** Returns what a body says. */
    static Request read(String header, byte[] body, Declared declared) {
        var type = ContentType.read(header);
        var bodies = new Bodies(declared);
        if (type.media().equals("text/csv") && type.format() == null) {
            return new Request(CsvTable.read(body, declared), null, false);
        }
        boolean isJson = type.media().equals("application/json");
        if (!isJson || (type.format() != null && !type.format().matches("pandas-split|pandas-records"))) {
            var rule = type.format() == null ? "RST-003" : "RST-080";
            throw ContentType.unsupported(rule, "The content type is not known here; send one of " + ContentType.KNOWN);
        }
        var value = json(body);
        if (type.format() == null) return bodies.ofJson(value);
        boolean isSplit = type.format().equals("pandas-split");
        return new Request(isSplit ? Tables.split(value) : Tables.list(value, true), null, true);
    }

    private static Object json(byte[] body) {
        try {
            return Json.readBody(body);
        } catch (NotJson error) {
            throw MlmodelException.malformed(error.rule(), "The body is no JSON: " + error.getMessage());
        }
    }

    private Request ofJson(Object value) {
        if (value instanceof List) return new Request(Tables.list(value, true), null, true);
        if (!(value instanceof Map<?, ?> body)) throw unknown("it is no object");
        var keys = KEYS.stream().filter(body::containsKey).toList();
        if (keys.size() > 1) throw unknown("it has " + String.join(" and ", keys));
        if (keys.size() == 1) return enveloped(keys.get(0), body);
        if (body.containsKey("data") || body.containsKey("columns")) return new Request(Tables.split(body), null, true);
        if (body.keySet().stream().anyMatch(CONVERSATION::contains)
            && (declared.columns() == null || declared.haveNames())) {
            return record(body, true);
        }
        if (body.keySet().stream().anyMatch(declared.names()::contains) && declared.haveNames()) return record(body, false);
        throw unknown("it has none of them");
    }

    private static MlmodelException unknown(String what) {
        return MlmodelException.malformed("RST-005",
            "The body is an object with exactly one of the keys " + String.join(", ", KEYS) + ", and optionally params; " + what);
    }

    private Request enveloped(String key, Map<?, ?> body) {
        if (key.equals("inputs")) refuseOther(body.get(key));
        boolean mayHaveName = key.equals("instances") || key.equals("inputs");
        for (var one : body.keySet()) {
            boolean isKnown = one.equals(key) || one.equals(PARAMS) || (mayHaveName && one.equals("signature_name"));
            if (!isKnown) throw unknown("it has another key beside " + key);
        }
        var params = params(body.get(PARAMS));
        var value = body.get(key);
        return switch (key) {
            case "dataframe_split" -> new Request(Tables.split(value), params, false);
            case "dataframe_records" -> new Request(Tables.list(value, false), params, false);
            case "instances" -> new Request(Tables.instances(value), params, false);
            case "inputs" -> new Request(Tables.inputs(value), params, false);
            default -> inputData(value, body.containsKey(PARAMS), params);
        };
    }

    /** Refuses a request of the Open Inference Protocol (RST-096). */
    private void refuseOther(Object inputs) {
        boolean isOther = inputs instanceof List<?> list && !list.isEmpty() && list.stream().allMatch(
            one -> one instanceof Map<?, ?> tensor && tensor.keySet().containsAll(Set.of("name", "shape", "datatype")));
        if (!isOther || declared.names().containsAll(Set.of("name", "shape", "datatype"))) return;
        throw MlmodelException.malformed("RST-096",
            "The body is a request of the Open Inference Protocol, which this server does not speak; send dataframe_split");
    }

    private static Map<?, ?> params(Object given) {
        if (given == null) return null;
        if (given instanceof Map<?, ?> params) return params;
        throw MlmodelException.malformed("RST-018", "params is no object of parameters");
    }

    /** Azure's form (RST-094): a table, or what {@code inputs} holds; parameters beside it or within. */
    private Request inputData(Object value, boolean hasParams, Map<?, ?> params) {
        var found = params;
        var data = value;
        boolean isSeveral = hasParams;
        if (value instanceof Map<?, ?> map) {
            var rest = new LinkedHashMap<Object, Object>(map);
            for (var key : List.of(PARAMS, "parameters")) {
                if (!rest.containsKey(key) || declared.names().contains(key)) continue;
                if (isSeveral) throw MlmodelException.malformed("RST-094", "Parameters stand in several places");
                found = params(rest.remove(key));
                isSeveral = true;
            }
            data = rest;
        }
        boolean isSplit = data instanceof Map<?, ?> map && map.containsKey("data") && !declared.names().contains("data")
            && Set.of("data", "columns", "index").containsAll(map.keySet());
        return new Request(isSplit ? Tables.split(data) : Tables.inputs(data), found, true);
    }

    /** One record as the body; parameters under {@code params} or by their names beside the columns (RST-091 to RST-093). */
    private Request record(Map<?, ?> body, boolean isBare) {
        var record = new LinkedHashMap<Object, Object>(body);
        var beside = new HashMap<Object, Object>();
        if (declared.signature() != null) {
            for (var param : declared.signature().params()) {
                if (!body.containsKey(param.name()) || declared.names().contains(param.name())) continue;
                beside.put(param.name(), record.remove(param.name()));
            }
        }
        boolean mayHaveParams = declared.columns() != null && !declared.names().contains(PARAMS);
        var params = mayHaveParams ? params(record.remove(PARAMS)) : null;
        if (!beside.isEmpty() && params != null) {
            if (beside.keySet().stream().anyMatch(params::containsKey)) {
                throw MlmodelException.malformed("RST-092", "A parameter stands in the body and under params");
            }
            beside.putAll(params);
        }
        return new Request(Tables.record(record), beside.isEmpty() ? params : beside, isBare);
    }
}
