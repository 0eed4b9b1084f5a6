package org.w3id.mlmodel.serving;

import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.Map;
import org.w3id.mlmodel.errors.Detail;
import org.w3id.mlmodel.errors.MlmodelException;
import org.w3id.mlmodel.json.JsonText;

/**
 * An answer of the server.
 *
 * @param status the status
 * @param headers its headers
 * @param body its body
 */
record Response(int status, Map<String, String> headers, byte[] body) {
    private static final String TYPE = "Content-Type";
    private static final int MOST = 20;

    static Response json(String body) {
        return new Response(200, headers("application/json"), body.getBytes(StandardCharsets.UTF_8));
    }

    static Response text(String body) {
        return new Response(200, headers("text/plain; charset=utf-8"), body.getBytes(StandardCharsets.UTF_8));
    }

    private static Map<String, String> headers(String type) {
        var headers = new LinkedHashMap<String, String>();
        headers.put(TYPE, type);
        return headers;
    }

    Response with(String header, String value) {
        headers.put(header, value);
        return this;
    }

    /** Returns the answer to a request that failed (ERR-002, RST-062, RST-152). */
    static Response error(MlmodelException error, String id) {
        var details = new ArrayList<Object>();
        error.details().stream().limit(MOST).map(Detail::told).forEach(details::add);
        var said = new LinkedHashMap<String, Object>();
        said.put("error_code", error.name().name());
        said.put("message", error.getMessage());
        said.put("details", details);
        said.put("request_id", id);
        var body = JsonText.of(said).getBytes(StandardCharsets.UTF_8);
        return new Response(error.name().status(), headers("application/json"), body);
    }
}
