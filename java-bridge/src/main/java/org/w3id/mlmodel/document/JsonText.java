package org.w3id.mlmodel.document;

import java.math.BigInteger;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * A JSON text of the file with the place of each key and value, or with the error that keeps it from being one.
 *
 * <p>NaN and Infinity are read, as a default may be one (SIG-001). Jackson is not asked: its errors have the
 * place at which it gave up, and not the character that is wrong.
 */
final class JsonText {
    /** A value: an object as a map of items, a list of items, else a plain value; offsets count UTF-16 units. */
    record Item(int keyOffset, int offset, Object value) {
        /** Returns the item below, of an object by its key, of a list by its position; null where there is none. */
        Item below(String token) {
            if (value instanceof Map<?, ?> members) return (Item) members.get(token);
            if (!(value instanceof List<?> items) || !token.matches("[0-9]{1,9}")) return null;
            int index = Integer.parseInt(token);
            return index < items.size() ? (Item) items.get(index) : null;
        }

        /** Returns plain Java: maps, lists, texts, numbers, booleans and null. */
        Object plain() {
            if (value instanceof List<?> items) {
                var found = new ArrayList<Object>(items.size());
                items.forEach(item -> found.add(((Item) item).plain()));
                return found;
            }
            if (!(value instanceof Map<?, ?> members)) return value;
            var found = new LinkedHashMap<Object, Object>();
            members.forEach((key, member) -> found.put(key, ((Item) member).plain()));
            return found;
        }
    }

    /** A key that stands in an object again. */
    record Repeated(List<Object> path, int offset) {}

    private static final int DEEPEST = 65;
    /** Here reading stops, since it recurses. */
    private static final int MOST_LEVELS = 500;
    private static final int MOST_DIGITS = 4_300;
    private static final int MOST_REPEATED = 1_000;
    private static final Pattern NUMBER = Pattern.compile("-?(?:0|[1-9][0-9]*)((?:\\.[0-9]+)?(?:[eE][-+]?[0-9]+)?)");
    private static final Map<String, Object> WORDS = new LinkedHashMap<>();

    static {
        WORDS.put("null", null);
        WORDS.put("true", true);
        WORDS.put("false", false);
        WORDS.put("NaN", Double.NaN);
        WORDS.put("Infinity", Double.POSITIVE_INFINITY);
        WORDS.put("-Infinity", Double.NEGATIVE_INFINITY);
    }

    final String text;
    final Item root;
    final String error;
    final int errorOffset;
    final List<Repeated> repeated = new ArrayList<>();
    private final List<Object> path = new ArrayList<>();
    private final Matcher number;
    private int at;
    private boolean isTooDeep;

    private static final class Wrong extends Exception {
        private static final long serialVersionUID = 1L;
        final int offset;

        Wrong(String message, int offset) {
            super(message, null, false, false);
            this.offset = offset;
        }
    }

    JsonText(String text) {
        this.text = text;
        number = NUMBER.matcher(text);
        Item read = null;
        Wrong wrong = null;
        try {
            read = whole();
        } catch (Wrong found) {
            wrong = found;
        }
        root = read;
        error = wrong == null ? null : wrong.getMessage();
        errorOffset = wrong == null ? 0 : wrong.offset;
    }

    /** Whether it is JSON, as far as it was read, and nested deeper than a text of the file may be. */
    boolean isTooDeep() {
        return isTooDeep && errorOffset == 0;
    }

    /** Returns where the value at a path begins, or the nearest value above it; with {@code key}, its key. */
    int offset(List<String> tokens, boolean key) {
        var item = root;
        for (var token : tokens) {
            var next = item.below(token);
            if (next == null) break;
            item = next;
        }
        return key ? item.keyOffset() : item.offset();
    }

    private Item whole() throws Wrong {
        space();
        var item = value(at);
        space();
        if (at < text.length()) throw new Wrong("there is more behind its end", at);
        if (isTooDeep) throw tooDeep(); // what is no JSON at all is told before
        return item;
    }

    private static Wrong tooDeep() {
        return new Wrong("more than %d levels of lists and objects stand below its first".formatted(DEEPEST - 1), 0);
    }

    private Item value(int keyOffset) throws Wrong {
        int start = at;
        char one = at < text.length() ? text.charAt(at) : '\0';
        return switch (one) {
            case '{' -> new Item(keyOffset, start, object());
            case '[' -> new Item(keyOffset, start, list());
            case '"' -> new Item(keyOffset, start, string());
            default -> new Item(keyOffset, start, scalar());
        };
    }

    private void enter() throws Wrong {
        at += 1;
        path.add(0);
        isTooDeep |= path.size() > DEEPEST;
        if (path.size() > MOST_LEVELS) throw tooDeep();
        space();
    }

    /** Goes on behind a comma or the closing bracket; returns whether it is the latter. */
    private boolean closes(char bracket) throws Wrong {
        space();
        char one = at < text.length() ? text.charAt(at) : '\0';
        if (one != bracket && one != ',') throw new Wrong("a comma or " + bracket + " is expected", at);
        at += 1;
        if (one == bracket) path.remove(path.size() - 1);
        else space();
        return one == bracket;
    }

    private boolean isEmpty(char bracket) {
        if (at >= text.length() || text.charAt(at) != bracket) return false;
        at += 1;
        path.remove(path.size() - 1);
        return true;
    }

    private Map<String, Item> object() throws Wrong {
        enter();
        var members = new LinkedHashMap<String, Item>();
        if (isEmpty('}')) return members;
        do {
            int keyOffset = at;
            if (at >= text.length() || text.charAt(at) != '"') throw new Wrong("a key in double quotes is expected", at);
            var key = string();
            path.set(path.size() - 1, key);
            space();
            if (at >= text.length() || text.charAt(at) != ':') throw new Wrong("a colon is expected", at);
            at += 1;
            space();
            var member = value(keyOffset);
            boolean isAgain = members.put(key, member) != null;
            if (isAgain && repeated.size() < MOST_REPEATED) repeated.add(new Repeated(List.copyOf(path), keyOffset));
        } while (!closes('}'));
        return members;
    }

    private List<Item> list() throws Wrong {
        enter();
        var items = new ArrayList<Item>();
        if (isEmpty(']')) return items;
        do {
            path.set(path.size() - 1, items.size());
            items.add(value(at));
        } while (!closes(']'));
        return items;
    }

    private Object scalar() throws Wrong {
        for (var word : WORDS.entrySet()) {
            if (text.startsWith(word.getKey(), at)) {
                at += word.getKey().length();
                return word.getValue();
            }
        }
        if (!number.region(at, text.length()).lookingAt()) throw new Wrong("a value is expected", at);
        at = number.end();
        if (!number.group(1).isEmpty()) return Double.parseDouble(number.group());
        var digits = number.group();
        if (digits.length() > MOST_DIGITS) throw new Wrong("a number has more than %d digits".formatted(MOST_DIGITS), 0);
        var whole = new BigInteger(digits);
        return whole.bitLength() < Long.SIZE ? (Object) whole.longValueExact() : whole;
    }

    private String string() throws Wrong {
        int start = at;
        int run = ++at;
        StringBuilder read = null;
        while (at < text.length()) {
            char one = text.charAt(at);
            if (one == '"') {
                var rest = text.substring(run, at++);
                return read == null ? rest : read.append(rest).toString();
            }
            if (one < ' ') throw new Wrong("a control character stands in a text", at);
            if (one == '\\') {
                read = (read == null ? new StringBuilder() : read).append(text, run, at).append(escape(start));
                run = at;
            } else {
                at += 1;
            }
        }
        throw new Wrong("a text begins here and does not end", start);
    }

    private char escape(int start) throws Wrong {
        if (at + 1 >= text.length()) throw new Wrong("a text begins here and does not end", start);
        int known = "\"\\/bfnrt".indexOf(text.charAt(at + 1));
        if (known >= 0) {
            at += 2;
            return "\"\\/\b\f\n\r\t".charAt(known);
        }
        if (text.charAt(at + 1) != 'u') throw new Wrong("it has an escape that JSON does not know", at);
        var digits = text.substring(Math.min(at + 2, text.length()), Math.min(at + 6, text.length()));
        if (!digits.matches("[0-9a-fA-F]{4}")) throw new Wrong("four digits of base 16 are expected", at + 1);
        at += 6;
        return (char) Integer.parseInt(digits, 16);
    }

    private void space() {
        while (at < text.length() && " \t\r\n".indexOf(text.charAt(at)) >= 0) at += 1;
    }
}
