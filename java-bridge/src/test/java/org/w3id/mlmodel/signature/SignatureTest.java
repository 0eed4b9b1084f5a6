package org.w3id.mlmodel.signature;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.w3id.mlmodel.errors.ErrorName;
import org.w3id.mlmodel.errors.MlmodelException;

class SignatureTest {
    @Test
    void readsTheTextsOfTheFile() {
        var signature = Signature.read(Map.of(
            "inputs", "[{\"type\": \"long\", \"name\": \"a\"}, {\"type\": \"string\", \"name\": 1, \"optional\": true}]",
            "outputs", "[{\"dtype\": \"int64\", \"shape\": [-1.0, 3]}]"));
        assertEquals(List.of(
            new Spec.Column("a", Type.Scalar.LONG, true), new Spec.Column(1L, Type.Scalar.STRING, false)), signature.inputs());
        assertEquals(List.of(new Spec.Tensor(null, "int64", List.of(-1L, 3L))), signature.outputs());
        assertEquals(List.of(), signature.params());
        assertNull(Signature.read(Map.of()).inputs());
    }

    @ParameterizedTest
    @CsvSource(delimiter = '|', value = {
        "[] | SIG-002",
        "[{\"type\": \"int\"}] | SIG-003",
        "[{\"type\": \"long\", \"name\": \"a\"}, {\"type\": \"long\", \"name\": \"a\"}] | SIG-004",
        "[{\"dtype\": \"int64\", \"shape\": [1]}, {\"dtype\": \"int64\", \"shape\": [1]}] | SIG-005",
        "[{\"type\": \"long\"}, {\"dtype\": \"int64\", \"shape\": [1]}] | SIG-002",
        "[{\"dtype\": \"int64\", \"shape\": [1.5]}] | SIG-006",
        "[1 | SIG-001"})
    void refusesWhatBreaksARule(String inputs, String rule) {
        var error = assertThrows(MlmodelException.class, () -> Signature.read(Map.of("inputs", inputs)));
        assertEquals(ErrorName.INVALID_ARGUMENT, error.name());
        assertTrue(error.getMessage().contains(rule), error.getMessage());
    }
}
