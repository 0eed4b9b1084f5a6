package org.w3id.mlmodel.errors;

import static org.junit.jupiter.api.Assertions.assertEquals;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.function.ToIntFunction;
import java.util.regex.Pattern;
import org.junit.jupiter.api.Test;

/** The table of the specification and the one here are one. */
class ErrorNameTest {
    private static Map<String, Integer> written(String row) throws IOException {
        var found = new LinkedHashMap<String, Integer>();
        var rows = Pattern.compile("(?m)" + row).matcher(Files.readString(Path.of("../spec/errors.md")));
        while (rows.find()) found.put(rows.group(1), Integer.valueOf(rows.group(2)));
        return found;
    }

    private static Map<String, Integer> held(ToIntFunction<ErrorName> value) {
        var found = new LinkedHashMap<String, Integer>();
        Arrays.stream(ErrorName.values()).forEach(one -> found.put(one.name(), value.applyAsInt(one)));
        return found;
    }

    @Test
    void statusesAndExitCodesAreThoseOfTheSpecification() throws IOException {
        assertEquals(written("^\\| `([A-Z_]+)` \\|[^|]+\\| \\w+ \\| ([0-9]+) \\|").toString(), held(ErrorName::status).toString());
        assertEquals(written("^\\| `([A-Z_]+)` \\| ([0-9]+) \\| `").toString(), held(ErrorName::exitCode).toString());
    }
}
