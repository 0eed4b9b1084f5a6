package org.w3id.mlmodel.serving;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.junit.jupiter.api.Assertions.assertDoesNotThrow;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.Collections;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import org.w3id.mlmodel.errors.Detail;
import org.w3id.mlmodel.errors.ErrorName;
import org.w3id.mlmodel.errors.MlmodelException;
import org.w3id.mlmodel.signature.Signature;

/** What is answered, and what is said to the operator. */
class AnswersTest {
    @ParameterizedTest
    @ValueSource(strings = {"", "*/*", "text/csv, application/json", "application/*;q=0.1", "*/*;q=0, application/json",
        "text/csv;q=0.5, */*;q=0.1", "application/json;q=1, application/*;q=0", "nonsense"})
    void jsonIsTaken(String accept) {
        assertDoesNotThrow(() -> Answers.requireJson(accept));
    }

    @ParameterizedTest
    @ValueSource(strings = {"text/csv", "application/json;q=0", "*/*, application/json;q=0", "application/json;q=0, */*", "application/*;q=0, */*"})
    void jsonIsNotTaken(String accept) {
        assertEquals(ErrorName.NOT_ACCEPTABLE, assertThrows(MlmodelException.class, () -> Answers.requireJson(accept)).name());
    }

    @Test
    void twentyDetailsAreTold() {
        var error = MlmodelException.input(Collections.nCopies(25, new Detail("ENF-049", "x", 0, "long", "'x'")));
        var told = new String(Response.error(error, "mine").body(), UTF_8);
        assertEquals(20, told.split("\\{\"rule\":\"ENF-049\"", -1).length - 1);
        assertTrue(told.contains("; and 5 more."), told);
    }

    @Test
    void noTextOfOthersIsALineOfTheLog() {
        assertEquals("a\\u000amlmodel-bridge: b\\u001b[2J\\u00e9\\u007f~", Log.plain("a\nmlmodel-bridge: b\u001b[2J\u00e9\u007f~"));
    }

    @Test
    void aDefaultThatIsNotOfItsTypeIsTheModelsFault() {
        var signature = Signature.read(Map.of("params", "[{\"name\": \"a\", \"type\": \"long\", \"default\": \"x\", \"shape\": null}]"));
        var scoring = new Scoring(new ConformanceModel("params", signature));
        var error = assertThrows(MlmodelException.class, () -> scoring.answer("application/json", null, "{\"inputs\": 5}".getBytes(UTF_8)));
        assertEquals(ErrorName.INVALID_MODEL, error.name());
        assertTrue(error.getMessage().contains("(SIG-009)"), error.getMessage());
    }
}
