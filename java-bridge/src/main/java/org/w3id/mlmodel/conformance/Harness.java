package org.w3id.mlmodel.conformance;

import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStream;
import java.io.InputStreamReader;
import java.io.PrintStream;
import java.io.StringWriter;
import java.io.PrintWriter;
import java.nio.charset.StandardCharsets;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import tools.jackson.core.StreamReadConstraints;
import tools.jackson.core.json.JsonFactory;
import tools.jackson.core.json.JsonWriteFeature;
import tools.jackson.databind.DeserializationFeature;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.cfg.JsonNodeFeature;
import tools.jackson.databind.json.JsonMapper;
import org.w3id.mlmodel.Version;

/** The harness: one JSON object a line, as conformance/README.md says. */
public final class Harness {
    /** What it answers; another operation is another line. */
    private static final Map<String, Operation> OPERATIONS = new TreeMap<>(Map.of(
        "check-model", CheckModel::answer,
        "compare-signatures", Plain.operation(SignatureOperations::compare),
        "enforce", Plain.operation(SignatureOperations::enforce),
        "infer-signature", Plain.operation(SignatureOperations::infer)
    ));
    private static final List<String> PROFILES = List.of("checker", "untyped", "signature");

    /** Inputs have texts of megabytes, and numbers that keep their digits and their form. */
    private static final JsonMapper JSON = JsonMapper.builder(JsonFactory.builder()
            .streamReadConstraints(StreamReadConstraints.builder()
                .maxStringLength(Integer.MAX_VALUE).maxNameLength(Integer.MAX_VALUE)
                .maxNumberLength(Integer.MAX_VALUE).maxNestingDepth(1_000).build())
            .build())
        .enable(DeserializationFeature.USE_BIG_DECIMAL_FOR_FLOATS)
        .disable(JsonNodeFeature.STRIP_TRAILING_BIGDECIMAL_ZEROES)
        .enable(JsonWriteFeature.ESCAPE_NON_ASCII)
        .build();

    private Harness() {}

    public static void main(String[] arguments) throws IOException {
        PrintStream answers = System.out;
        System.setOut(System.err);
        answer(System.in, answers);
    }

    /** Answers line by line until there is nothing more to read, or the runner says so. */
    static void answer(InputStream from, PrintStream answers) throws IOException {
        var input = new BufferedReader(new InputStreamReader(from, StandardCharsets.UTF_8));
        for (var line = input.readLine(); line != null; line = input.readLine()) {
            var message = JSON.readTree(line);
            var command = message.path("cmd").asString("");
            if (command.equals("stop")) return;
            answers.write((JSON.writeValueAsString(command.equals("start") ? about() : said(message)) + "\n")
                .getBytes(StandardCharsets.UTF_8));
            answers.flush();
        }
    }

    private static Map<String, Object> about() {
        var found = new LinkedHashMap<String, Object>();
        found.put("implementation", "mlmodel-java");
        found.put("version", Version.OF_PROJECT);
        found.put("language", "Java " + Runtime.version().feature());
        found.put("operations", OPERATIONS.keySet());
        found.put("profiles", PROFILES);
        return found;
    }

    private static Map<String, Object> said(JsonNode message) {
        var found = new LinkedHashMap<String, Object>();
        found.put("id", message.get("id"));
        try {
            found.put("result", OPERATIONS.get(message.get("operation").stringValue()).answer(message.get("input")));
        } catch (Refused refused) {
            found.put("result", Map.of("error", refused.code, "details", refused.details));
        } catch (Skipped skipped) {
            found.put("skip", skipped.getMessage());
        } catch (Exception | StackOverflowError | OutOfMemoryError error) {
            found.put("error", trace(error));
        }
        return found;
    }

    private static String trace(Throwable error) {
        var text = new StringWriter();
        error.printStackTrace(new PrintWriter(text));
        return text.toString();
    }
}
