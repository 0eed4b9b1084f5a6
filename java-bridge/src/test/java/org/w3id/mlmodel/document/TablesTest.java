package org.w3id.mlmodel.document;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNotNull;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** Scalars of YAML 1.1, requirements, secrets, schemas: each a table. */
class TablesTest {
    @ParameterizedTest
    @CsvSource({"1,int", "-0b1,int", "0x_f,int", "1_0,int", "1:30,int", "+1:5,int", "01:30,str", "0,int", "08,str", "0o7,str",
        "1.,float", ".5,float", "1e5,str", "1.0e+5,float", "1:30.5,float", "0:0.,float", "1:60,str", "-.inf,float", ".NaN,float",
        "yes,bool", "Off,bool", "y,str", "~,null", "NULL,null", "2020-01-02,timestamp", "2020-1-2,str",
        "2020-1-2 3:04:05 +1,timestamp", "=,value", "<<,merge", "a,str", "1 2,str"})
    void aFormHasItsTag(String text, String tag) {
        assertEquals(Scalars.PREFIX + tag, Scalars.resolve(text));
    }

    @Test
    void longTextsAreResolvedToo() {
        assertEquals(Scalars.PREFIX + "int", Scalars.resolve("1" + ":1".repeat(1_000_000)));
        assertEquals(Scalars.STRING, Scalars.resolve("1" + ":1".repeat(1_000_000) + ":x"));
        assertEquals(Scalars.STRING, Scalars.resolve("1:99" + ":1".repeat(1_000_000)));
        assertEquals(Scalars.PREFIX + "float", Scalars.resolve("1." + "1".repeat(1_000_000)));
    }

    @ParameterizedTest
    @CsvSource({"timestamp,2020-13-01", "timestamp,0000-01-01", "timestamp,2020-01-01 24:00:00", "timestamp,x", "int,0b_", "int,x",
        "int,0x-1", "float,1.2.3", "float,x", "bool,maybe", "binary,aGk", "binary,é"})
    void whatHasNoValueIsUnreadable(String tag, String text) {
        assertThrows(Scalars.Unreadable.class, () -> Scalars.construct(Scalars.PREFIX + tag, text));
    }

    @Test
    void valuesAreThoseOfYaml() throws Scalars.Unreadable {
        assertEquals(-90L, Scalars.construct(Scalars.PREFIX + "int", "-1:30"));
        assertEquals(8L, Scalars.construct(Scalars.PREFIX + "int", "010"));
        assertEquals(90.5, Scalars.construct(Scalars.PREFIX + "float", "1:30.5"));
        assertEquals("2020-01-01T22:30Z", Scalars.construct(Scalars.PREFIX + "timestamp", "2020-01-02 00:30:00 +2").toString());
        assertEquals("hi", new String((byte[]) Scalars.construct(Scalars.PREFIX + "binary", "a G\nk=!"), StandardCharsets.UTF_8));
    }

    @Test
    void keysAreOneByTheirValue() {
        for (var one : List.of(1L, 1.0, true)) assertEquals(Keys.of(1L), Keys.of(one));
        assertFalse(Keys.of(0.5).equals(Keys.of(1L)));
        assertFalse(Keys.of("1").equals(Keys.of(1L)));
        assertEquals(Keys.of(new byte[] {1}), Keys.of(new byte[] {1}));
    }

    @ParameterizedTest
    @ValueSource(strings = {"a", "A.b_c-d", "a==1.0", "a == 1.0.*", "a>=1,<2 ,!=1.5", "a~=1.4", "a (>=1)", "a[x,y]>1", "a[]",
        "a===any-thing",
        "a==1!2.0rc1.post2.dev3+local.1", "a @ https://x/y ; python_version < '3'",
        "a; os_name == 'nt' and (extra == \"x\" or 'a' not in sys_platform)",
        "-r x.txt", "./local", "https://x/y.whl", "git+https://x", "file.whl", "a --hash=sha256:1", "a>=1,", "a<2.0"})
    void theseAreRequirements(String line) {
        assertNull(Requirements.whatIsWrong(line));
    }

    @ParameterizedTest
    @ValueSource(strings = {"a ==", "a =1", "a 1", "a b", "!", "a[", "a==1.x.y", "a~=1", "a; python == '3'", "a; os_name",
        "a; (os_name == 'x'",
        "a @ https://x; os_name == 'x' y", "a>1.*", "a ;", "a; os_name == 'x' y"})
    void theseAreNone(String line) {
        assertNotNull(Requirements.whatIsWrong(line));
    }

    @Test
    void continuedLinesAreOne() {
        assertEquals(List.of(new Requirements.Line(2, "a==1"), new Requirements.Line(5, "b#c")),
            Requirements.lines("a==\\\n1 # why\n\n# d\r\nb#c\nx \\"));
    }

    @Test
    void passwordsAreNotShown() {
        assertEquals("https://…@x/t/…/y?token=…&a=b", Secrets.masked("https://u:p@x/t/abc/y?token=1&a=b"));
        for (var right : List.of("https://${T}@x", "git+ssh://git@x/y", "https://x/t/${T}/y", "a://b")) {
            assertFalse(Secrets.hasPassword(right), right);
        }
    }

    @Test
    void theJarHasEverySchema() throws IOException {
        var sources = Path.of("..", "schemas", "v1");
        try (var files = Files.walk(sources)) {
            for (var file : files.filter(one -> one.toString().endsWith(".json")).toList()) {
                var name = sources.relativize(file).toString().replace(".json", "");
                boolean isTaken = name.indexOf('/') < 0 || name.startsWith("flavors/");
                if (isTaken) SchemaCheck.of(name).findings(java.util.Map.of(), List.of());
                else assertThrows(IllegalStateException.class, () -> Schemas.load(name));
            }
        }
        assertEquals(Schemas.flavor("spacy"), Schemas.flavor("spaCy"));
        assertTrue(Schemas.flavor("nothing").isMissingNode());
        assertThrows(IllegalStateException.class, () -> Schemas.load("nothing"));
    }
}
