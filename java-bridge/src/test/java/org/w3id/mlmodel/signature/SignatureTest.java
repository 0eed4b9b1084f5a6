package org.w3id.mlmodel.signature;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.math.BigDecimal;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.w3id.mlmodel.document.Document;
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

    @Test
    void javasOwnValuesAreInferred() {
        var row = new LinkedHashMap<String, Object>();
        row.put("x", 1.5);
        row.put("f", 1.5f);
        row.put("n", 2L);
        row.put("i", 3);
        row.put("d", new BigDecimal("1"));
        row.put("s", new StringBuilder("a"));
        row.put("b", new byte[] {1});
        row.put("l", new int[] {1, 2});
        var found = Inference.of(List.of(row));
        assertEquals(List.of("double", "double", "long", "long", "double", "string", "binary", "array"),
            found.stream().map(one -> one.get("type")).toList());
        assertEquals(Map.of("type", "long"), found.get(7).get("items"));
        var error = assertThrows(MlmodelException.class, () -> Inference.of(List.of(Map.of("x", new Object()))));
        assertTrue(error.getMessage().startsWith("The value at /0/x is of the class java.lang.Object"), error.getMessage());
    }

    @Test
    void aDocumentHasItsSignature() {
        var text = "flavors: {}\nsignature: {inputs: '[{\"type\": \"long\", \"name\": \"a\"}]', strange: 1}\n";
        var signature = Signature.of(Document.parse(text));
        assertEquals(List.of(new Spec.Column("a", Type.Scalar.LONG, true)), signature.inputs());
        assertNull(signature.outputs());
        assertEquals(new Signature(null, null, List.of()), Signature.of(Document.parse("flavors: {}\n")));
    }

    @ParameterizedTest
    @CsvSource({"input, inputs", "Outputs, outputs", "param, params"})
    void aKeyThatStandsForAPartIsRefused(String key, String meant) {
        for (var parts : List.of(Map.of(key, "[]"), Map.of(key, "[]", "inputs".equals(meant) ? "outputs" : "inputs", List.of(Map.of("type", "long"))))) {
            var error = assertThrows(MlmodelException.class, () -> Signature.read(parts));
            assertTrue(error.getMessage().contains("'" + key + "' is not known; is '" + meant + "' meant? (MLM-011)"), error.getMessage());
        }
    }

    @Test
    void otherKeysArePassedOverBesideKnownOnes() {
        assertEquals(1, Signature.read(Map.of("inputs", "[{\"type\": \"long\"}]", "strange", 1)).inputs().size());
        var error = assertThrows(MlmodelException.class, () -> Signature.read(Map.of("strange", 1)));
        assertTrue(error.getMessage().contains("'strange' is not known; a signature has inputs, outputs and params"), error.getMessage());
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
