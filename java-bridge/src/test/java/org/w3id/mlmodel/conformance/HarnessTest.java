package org.w3id.mlmodel.conformance;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

/** The protocol; the cases themselves are asked by the runner. */
class HarnessTest {
    private static List<JsonNode> answers(String... lines) throws IOException {
        var written = new ByteArrayOutputStream();
        Harness.answer(new ByteArrayInputStream(String.join("\n", lines).getBytes(StandardCharsets.UTF_8)), new PrintStream(written));
        var found = new ArrayList<JsonNode>();
        for (var line : written.toString(StandardCharsets.US_ASCII).lines().toList()) found.add(new JsonMapper().readTree(line));
        return found;
    }

    @Test
    void itSaysWhatItIs() throws IOException {
        var about = answers("{\"cmd\": \"start\", \"protocol\": 1, \"vectors\": \"v1\"}").get(0);
        assertEquals("mlmodel-java", about.get("implementation").stringValue());
        assertTrue(about.get("operations").valueStream().anyMatch(one -> one.stringValue().equals("check-model")));
    }

    @Test
    void aCaseIsAnsweredWithItsNumber() throws IOException {
        var said = answers("{\"id\": 7, \"operation\": \"check-model\", \"input\": {\"mlmodel\": \"\\u00e9: 1\"}}").get(0);
        assertEquals(7, said.get("id").intValue());
        assertEquals("MLM-007", said.at("/result/violations/0/rule").stringValue());
        assertEquals("/é", said.at("/result/violations/1/pointer").stringValue());
    }

    @Test
    void aFolderIsMadeAndGone() throws IOException {
        var said = answers("{\"id\": 1, \"operation\": \"check-model\", \"input\": {\"mlmodel\": \"flavors: {a: {}}\", "
            + "\"files\": {\"conda.yaml\": \"name: []\", \"b/c\": \"\"}}}").get(0);
        assertEquals("conda.yaml", said.at("/result/violations/1/file").stringValue());
    }

    @Test
    void whatGoesWrongIsAnErrorOfTheCaseAlone() throws IOException {
        var said = answers("{\"id\": 1, \"operation\": \"check-model\", \"input\": {}}",
            "{\"id\": 2, \"operation\": \"nothing\", \"input\": {}}", "{\"cmd\": \"stop\"}", "{\"id\": 3}");
        assertEquals(2, said.size());
        for (var one : said) assertTrue(one.get("error").stringValue().contains("Exception"));
    }
}
