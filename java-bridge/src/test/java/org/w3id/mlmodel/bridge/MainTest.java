package org.w3id.mlmodel.bridge;

import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.List;
import org.junit.jupiter.api.Test;

class MainTest {
    private static String help(String... arguments) {
        return Main.help(List.of(arguments));
    }

    @Test
    void helpIsWhatIsAskedFor() {
        assertTrue(help("--help").startsWith("usage: java -jar mlmodel-bridge.jar validate MODEL..."));
        assertTrue(help("-h").equals(help("--help")));
        assertTrue(help("serve", "--help").contains("-p, --port PORT"));
        assertTrue(help("serve", "-h").contains("-h, --host HOST"));
        assertTrue(help("validate", "--help").contains("The exit code is 0"));
        assertTrue(help("--version").matches("[0-9]+\\.[0-9]+\\.[0-9]+\n"));
        assertFalse(help("--help").matches("(?s).*(gateway|conformance).*"));
    }

    @Test
    void aHostIsNoHelp() {
        assertNull(help("serve", "lr.zip", "-h", "0.0.0.0"));
        assertNull(help("validate", "model"));
        assertNull(help());
    }
}
