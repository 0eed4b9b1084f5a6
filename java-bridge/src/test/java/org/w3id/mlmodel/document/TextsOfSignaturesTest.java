package org.w3id.mlmodel.document;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotNull;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.yaml.snakeyaml.DumperOptions;
import org.yaml.snakeyaml.DumperOptions.ScalarStyle;
import org.yaml.snakeyaml.Yaml;
import tools.jackson.core.JacksonException;
import tools.jackson.core.json.JsonReadFeature;
import tools.jackson.databind.json.JsonMapper;

/** JSON texts: read as Jackson reads them, and each character found again in the file. */
class TextsOfSignaturesTest {
    private static final JsonMapper JACKSON = JsonMapper.builder().enable(JsonReadFeature.ALLOW_NON_NUMERIC_NUMBERS).build();
    private static final String LETTERS = "ab'\"\\ \n\t:#é日😀";
    private static final List<ScalarStyle> STYLES = List.of(ScalarStyle.PLAIN, ScalarStyle.SINGLE_QUOTED,
        ScalarStyle.DOUBLE_QUOTED, ScalarStyle.LITERAL, ScalarStyle.FOLDED);
    private final Random random = new Random(14);

    private Object value(int depth) {
        int kind = random.nextInt(depth > 4 ? 5 : 7);
        if (kind < 2) return text();
        if (kind == 2) return random.nextLong();
        if (kind == 3) return random.nextGaussian() * Math.pow(10, random.nextInt(40) - 20);
        if (kind == 4) return random.nextBoolean() ? null : (Object) random.nextBoolean();
        if (kind == 5) {
            var items = new ArrayList<Object>();
            for (int left = random.nextInt(4); left > 0; left--) items.add(value(depth + 1));
            return items;
        }
        var members = new LinkedHashMap<String, Object>();
        for (int left = random.nextInt(4); left > 0; left--) members.put(text(), value(depth + 1));
        return members;
    }

    private String text() {
        var found = new StringBuilder();
        var letters = LETTERS.codePoints().toArray();
        for (int left = random.nextInt(6); left > 0; left--) found.appendCodePoint(letters[random.nextInt(letters.length)]);
        return found.toString();
    }

    @Test
    void whatJacksonReadsIsReadAlike() {
        for (int round = 0; round < 2_000; round++) {
            var written = JACKSON.writeValueAsString(value(0));
            var changed = new StringBuilder(written);
            if (round % 2 == 1 && !changed.isEmpty()) {
                int at = random.nextInt(changed.length());
                if (random.nextBoolean()) changed.deleteCharAt(at);
                else changed.insert(at, "{}[],:\"\\01e.-NaN".charAt(random.nextInt(16)));
            }
            compare(changed.toString());
        }
    }

    private static void compare(String text) {
        Object wanted;
        try {
            wanted = JACKSON.readValue(text, Object.class);
        } catch (JacksonException error) {
            assertNotNull(new JsonText(text).error, text);
            return;
        }
        var read = new JsonText(text);
        assertEquals(null, read.error, text);
        assertEquals(JACKSON.valueToTree(wanted).toString(), JACKSON.valueToTree(read.root.plain()).toString(), text);
    }

    @Test
    void theWrongCharacterIsTold() {
        for (var one : List.of("\"a\n\" 2", "[1,] 3", "{a 1", "{\"a\" 1 5", "[1 2 3", "\"\\x\" 1",
            "\"\\u12\" 2", "\"a 0", "1 2 2", "01 1", "[- 1", "[+1 1", " 0")) {
            var text = one.substring(0, one.lastIndexOf(' '));
            assertEquals(Integer.parseInt(one.substring(one.lastIndexOf(' ') + 1)), new JsonText(text).errorOffset, text);
            assertNotNull(new JsonText(text).error, text);
        }
    }

    @Test
    void everyCharacterIsFoundInTheFile() {
        int places = 0;
        for (int round = 0; round < 1_500; round++) {
            var options = new DumperOptions();
            options.setDefaultScalarStyle(STYLES.get(random.nextInt(STYLES.size())));
            options.setWidth(20 + random.nextInt(60));
            options.setSplitLines(random.nextBoolean());
            options.setAllowUnicode(random.nextBoolean());
            var text = JACKSON.writeValueAsString(Arrays.asList(value(0), value(0), value(0)));
            places += held(new Yaml(options).dump(Map.of("a", Map.of("b", text))), text);
        }
        assertEquals(true, places > 20_000, "only " + places + " characters were held against the file");
    }

    /** Holds letters and digits of the text, which no style writes otherwise, against the file. */
    private static int held(String file, String text) {
        var document = Document.compose(file, "f", "mlmodel");
        assertEquals(List.of(), document.problems(), file);
        var lines = file.split("\r\n|[\n\r\u0085\u2028\u2029]", -1);
        int places = 0;
        for (int at = 0; at < text.length(); at++) {
            char one = text.charAt(at);
            if (!Character.isLetterOrDigit(one) || one > 'z' || at > 0 && text.charAt(at - 1) == '\\') continue;
            var place = document.placeInJson(List.of("a", "b"), at);
            var line = lines[place.line() - 1];
            assertEquals(one, line.codePointAt(line.offsetByCodePoints(0, place.column() - 1)), file);
            places += 1;
        }
        return places;
    }
}
