package org.w3id.mlmodel.serving;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.w3id.mlmodel.errors.ErrorName;
import org.w3id.mlmodel.errors.MlmodelException;

/** What the command serve takes, and says of what it does not take; the server itself is asked by Python's tests. */
class ServeTest {
    private static List<String> names(String... models) {
        var places = new Places();
        for (var one : models) places.add(one);
        return new ArrayList<>(places.all().keySet());
    }

    @Test
    void aModelIsNamedAsItsFolderOrFileOrAsIsSaid() {
        assertEquals(List.of("lr", "glm.v2", "m"), names("a/lr.zip", "./glm.v2/", "m=b/lr.zip"));
        assertEquals(List.of("model"), names("a/größe.zip"));
        assertEquals(List.of("model", "model-2"), names("/", "model-2=/"));
        var places = new Places();
        places.add("x=a=b.zip");
        places.add("./y=b.zip");
        assertEquals("{x=" + Path.of("a=b.zip") + ", model=" + Path.of("./y=b.zip") + "}", places.all().toString());
    }

    @Test
    void ofManyModelsAFewAreTold() {
        assertEquals("/invocations of the model a", Places.paths(List.of("a")));
        assertEquals("/models/NAME/invocations of the models a, b", Places.paths(List.of("b", "a")));
        assertTrue(Places.paths(List.of("a", "b", "c", "d", "e", "f", "g")).endsWith(" a, b, c, d, e and 2 more"));
    }

    @ParameterizedTest
    @CsvSource(delimiter = '|', value = {
        "'' | no model is given.",
        "lr.zip -p 99999 | port 99999 is not 0 to 65535.",
        "lr.zip --port five | port five is not 0 to 65535.",
        "lr.zip -p | -p has no port.",
        "lr.zip -x | unknown option -x.",
        "lr.zip --body-timeout | --body-timeout takes 1 to 3600 seconds, not ''.",
        "lr.zip --body-timeout 0 | --body-timeout takes 1 to 3600 seconds, not '0'.",
        "lr.zip --body-timeout 3601 | --body-timeout takes 1 to 3600 seconds, not '3601'.",
        "lr.zip -h | -h has no host; --help is the help.",
        "a/lr.zip b/lr | two models are named lr: a/lr.zip and b/lr; give one a name of its own, as in lr-2=b/lr (RST-130).",
        "lr= | a model has no path: give it as MODEL or NAME=MODEL (RST-130).",
        "-x=lr.zip | unknown option -x=lr.zip."})
    void wrongArgumentsSayWhy(String arguments, String why) {
        var given = arguments.isEmpty() ? List.<String>of() : List.of(arguments.split(" "));
        var error = assertThrows(MlmodelException.class, () -> new Serve(given));
        assertEquals(ErrorName.INVALID_ARGUMENT, error.name());
        assertEquals(why, error.getMessage());
    }

    @Test
    void anAddressIsWrittenAsClientsWriteIt() {
        assertEquals("http://127.0.0.1:5000", Serve.address("127.0.0.1", 5000));
        assertEquals("http://[::1]:80", Serve.address("::1", 80));
    }

    @Test
    void aNameThatIsNoneIsRefused() {
        var error = assertThrows(MlmodelException.class, () -> names(".a=lr.zip"));
        assertTrue(error.getMessage().startsWith("'.a' is not a name of a model: that is 1 to 100"), error.getMessage());
    }
}
