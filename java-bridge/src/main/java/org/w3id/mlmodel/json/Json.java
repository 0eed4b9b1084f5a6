package org.w3id.mlmodel.json;

import java.nio.ByteBuffer;
import java.nio.charset.CharacterCodingException;
import java.nio.charset.CodingErrorAction;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import tools.jackson.core.JacksonException;
import tools.jackson.core.JsonParser;
import tools.jackson.core.JsonToken;
import tools.jackson.core.ObjectReadContext;
import tools.jackson.core.StreamReadConstraints;
import tools.jackson.core.exc.StreamConstraintsException;
import tools.jackson.core.json.JsonFactory;
import tools.jackson.core.json.JsonReadFeature;

/**
 * JSON read into plain values that lose nothing: maps in order, lists, texts, booleans, null and
 * {@link Numeral}. The tokens NaN, Infinity and -Infinity (ENF-065) become doubles.
 */
public final class Json {
    private static final int DEEPEST = 1024;
    /** Integers of fewer digits are doubles. */
    private static final int SHORT = 300;
    private static final Set<String> TOKENS = Set.of("NaN", "Infinity", "-Infinity");
    private static final JsonFactory FACTORY = JsonFactory.builder()
        .enable(JsonReadFeature.ALLOW_NON_NUMERIC_NUMBERS)
        .streamReadConstraints(StreamReadConstraints.builder()
            .maxNestingDepth(DEEPEST)
            .maxNumberLength(Integer.MAX_VALUE)
            .maxStringLength(Integer.MAX_VALUE)
            .maxNameLength(Integer.MAX_VALUE)
            .build())
        .build();

    private final JsonParser parser;
    private final boolean isBody;

    private Json(JsonParser parser, boolean isBody) {
        this.parser = parser;
        this.isBody = isBody;
    }

    /** Reads the body of a request: UTF-8 without a byte order mark, and no number beyond doubles (RST-004). */
    public static Object readBody(byte[] bytes) throws NotJson {
        return read(text(bytes), true);
    }

    /** Reads a text. */
    public static Object read(String text) throws NotJson {
        return read(text, false);
    }

    private static Object read(String text, boolean isBody) throws NotJson {
        if (text.startsWith("\uFEFF")) throw new NotJson("RST-004", "it begins with a byte order mark");
        try (var parser = FACTORY.createParser(ObjectReadContext.empty(), text)) {
            if (parser.nextToken() == null) throw new NotJson("RST-004", "it is empty");
            var value = new Json(parser, isBody).value();
            if (parser.nextToken() != null) throw new NotJson("RST-004", "something stands after the value");
            return value;
        } catch (StreamConstraintsException error) {
            throw new NotJson("RST-004", "it is nested deeper than " + DEEPEST + " levels");
        } catch (JacksonException error) {
            var place = error.getLocation();
            var where = place == null ? "" : " at line " + place.getLineNr() + ", column " + place.getColumnNr();
            throw new NotJson("RST-004", "it is wrong" + where);
        }
    }

    private static String text(byte[] bytes) throws NotJson {
        try {
            return StandardCharsets.UTF_8.newDecoder()
                .onMalformedInput(CodingErrorAction.REPORT)
                .decode(ByteBuffer.wrap(bytes))
                .toString();
        } catch (CharacterCodingException error) {
            throw new NotJson("RST-004", "it is not UTF-8");
        }
    }

    private Object value() throws NotJson {
        JsonToken token = parser.currentToken();
        return switch (token) {
            case START_OBJECT -> object();
            case START_ARRAY -> list();
            case VALUE_STRING -> whole(parser.getString());
            case VALUE_NUMBER_INT -> finite(new Numeral(parser.getString()));
            case VALUE_NUMBER_FLOAT -> number(parser.getString());
            case VALUE_TRUE -> true;
            case VALUE_FALSE -> false;
            default -> null;
        };
    }

    private Object number(String text) throws NotJson {
        char last = text.charAt(text.length() - 1);
        if (last >= '0' && last <= '9') return finite(new Numeral(text));
        if (!TOKENS.contains(text)) throw new NotJson("RST-004", "it has the word " + text);
        return Double.valueOf(text);
    }

    private Numeral finite(Numeral number) throws NotJson {
        if (!isBody || number.text().length() < SHORT && number.isInteger() || !Double.isInfinite(number.nearest())) return number;
        throw new NotJson("RST-004", "it has a number beyond the largest double");
    }

    private List<Object> list() throws NotJson {
        var items = new ArrayList<Object>();
        while (parser.nextToken() != JsonToken.END_ARRAY) items.add(value());
        return items;
    }

    private Map<String, Object> object() throws NotJson {
        var members = new LinkedHashMap<String, Object>();
        while (parser.nextToken() != JsonToken.END_OBJECT) {
            var key = whole(parser.currentName());
            if (members.containsKey(key)) throw new NotJson("ENF-058", "a key stands twice in an object");
            parser.nextToken();
            members.put(key, value());
        }
        return members;
    }

    /** Returns a text in which no half of a surrogate pair stands alone. */
    private static String whole(String text) throws NotJson {
        for (int at = 0; at < text.length(); at++) {
            if (!Character.isSurrogate(text.charAt(at))) continue;
            boolean isPair = at + 1 < text.length() && Character.isSurrogatePair(text.charAt(at), text.charAt(at + 1));
            if (!isPair) throw new NotJson("RST-004", "it has half a surrogate pair");
            at++;
        }
        return text;
    }
}
