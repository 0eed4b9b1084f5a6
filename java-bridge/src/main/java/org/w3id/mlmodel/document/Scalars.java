package org.w3id.mlmodel.document;

import java.math.BigInteger;
import java.time.ZoneOffset;
import java.time.temporal.ChronoUnit;
import java.util.LinkedHashMap;
import java.util.Locale;
import java.util.Map;
import java.util.Set;
import java.util.regex.Pattern;
import org.w3id.mlmodel.text.CalendarTime;

/** Plain scalars read as YAML 1.1 reads them: numbers, booleans, null, times (MLM-005, MLM-006). */
final class Scalars {
    static final String PREFIX = "tag:yaml.org,2002:";
    static final String STRING = PREFIX + "str";
    static final String NULL = PREFIX + "null";
    static final String MERGE = PREFIX + "merge";
    static final String TIMESTAMP = PREFIX + "timestamp";
    private static final String BOOLEAN = PREFIX + "bool";
    private static final String INTEGER = PREFIX + "int";
    private static final String FLOAT = PREFIX + "float";
    private static final String BINARY = PREFIX + "binary";
    private static final String VALUE = PREFIX + "value";

    /** Nobody writes a longer number, and reading one takes the square of its length. */
    private static final int LONGEST = 1_000;
    private static final int BASE_60 = 60;

    /** The parts of a number in base 60: the first, those behind it, and the last of one with a fraction. */
    private static final Pattern FIRST = Pattern.compile("[-+]?[0-9][0-9_]*");
    private static final Pattern FIRST_0 = Pattern.compile("[-+]?0");
    private static final Pattern DIGITS_60 = Pattern.compile("[0-5]?[0-9]");
    private static final Pattern LAST_60 = Pattern.compile("[0-5]?[0-9]\\.[0-9_]*");
    private static final Map<String, Pattern> FORMS = new LinkedHashMap<>();
    private static final Pattern TIME = Pattern.compile(
        "(\\d{4})-(\\d\\d?)-(\\d\\d?)(?:(?:[Tt]|[ \\t]+)(\\d\\d?):(\\d\\d):(\\d\\d)(?:\\.(\\d*))?"
        + "(?:[ \\t]*(Z|[-+]\\d\\d?(?::\\d\\d)?))?)?");
    private static final Set<String> TRUE = Set.of("yes", "true", "on");
    private static final Set<String> FALSE = Set.of("no", "false", "off");
    private static final Map<String, String> NAMES = Map.of(INTEGER, "a number", FLOAT, "a number",
        BOOLEAN, "true or false", NULL, "null", TIMESTAMP, "a time", MERGE, "a merge key");

    static {
        FORMS.put(BOOLEAN, Pattern.compile("yes|Yes|YES|no|No|NO|true|True|TRUE|false|False|FALSE|on|On|ON|off|Off|OFF"));
        FORMS.put(FLOAT, Pattern.compile("[-+]?[0-9][0-9_]*\\.[0-9_]*(?:[eE][-+][0-9]+)?|\\.[0-9][0-9_]*(?:[eE][-+][0-9]+)?"
            + "|[-+]?\\.(?:inf|Inf|INF)|\\.(?:nan|NaN|NAN)"));
        FORMS.put(INTEGER, Pattern.compile("[-+]?0b[0-1_]+|[-+]?0[0-7_]+|[-+]?(?:0|[1-9][0-9_]*)|[-+]?0x[0-9a-fA-F_]+"));
        FORMS.put(MERGE, Pattern.compile("<<"));
        FORMS.put(NULL, Pattern.compile("~|null|Null|NULL|"));
        FORMS.put(TIMESTAMP, Pattern.compile("\\d{4}-\\d\\d-\\d\\d|\\d{4}-\\d\\d?-\\d\\d?(?:[Tt]|[ \\t]+)\\d\\d?:\\d\\d:\\d\\d"
            + "(?:\\.\\d*)?(?:[ \\t]*(?:Z|[-+]\\d\\d?(?::\\d\\d)?))?"));
        FORMS.put(VALUE, Pattern.compile("="));
    }

    private Scalars() {}

    /** A scalar that has the form of its type, and no value (month 13). */
    static final class Unreadable extends Exception {
        private static final long serialVersionUID = 1L;

        Unreadable(String message) {
            super(message, null, false, false);
        }
    }

    /** Returns the tag that a plain scalar with this text has. */
    static String resolve(String text) {
        if (!text.isEmpty() && "yYnNtTfFoO~-+.0123456789<=".indexOf(text.charAt(0)) < 0) return STRING;
        for (var form : FORMS.entrySet()) {
            if (form.getValue().matcher(text).matches()) return form.getKey();
        }
        return text.indexOf(':') > 0 ? base60(text) : STRING;
    }

    /** Returns the tag of a number in base 60; no expression, since those of Java recurse, and a text may be long. */
    private static String base60(String text) {
        var parts = text.split(":", -1);
        for (int at = 1; at < parts.length - 1; at++) {
            if (!DIGITS_60.matcher(parts[at]).matches()) return STRING;
        }
        var last = parts[parts.length - 1];
        if (LAST_60.matcher(last).matches()) return FIRST.matcher(parts[0]).matches() ? FLOAT : STRING;
        boolean isWhole = DIGITS_60.matcher(last).matches() && FIRST.matcher(parts[0]).matches() && !FIRST_0.matcher(parts[0]).lookingAt();
        return isWhole ? INTEGER : STRING;
    }

    /** Whether a tag is one of YAML's own for scalars (MLM-004). */
    static boolean isKnown(String tag) {
        return tag.equals(STRING) || tag.equals(BINARY) || (FORMS.containsKey(tag) && !tag.equals(MERGE));
    }

    /** Returns the name of a tag's type as a message says it. */
    static String nameOf(String tag) {
        return NAMES.getOrDefault(tag, tag.startsWith(PREFIX) ? tag.substring(PREFIX.length()) : tag);
    }

    /** Returns the value of a scalar with a tag that is known. */
    static Object construct(String tag, String text) throws Unreadable {
        if (tag.equals(STRING) || tag.equals(VALUE)) return text;
        if (tag.equals(NULL)) return null;
        if (tag.equals(BINARY)) return Base64Text.decode(text);
        if (text.length() > LONGEST) throw new Unreadable("it has %,d characters".formatted(text.length()));
        try {
            return switch (tag.substring(PREFIX.length())) {
                case "bool" -> bool(text);
                case "int" -> whole(text);
                case "float" -> number(text);
                default -> time(text);
            };
        } catch (NumberFormatException error) {
            throw new Unreadable("it is no number");
        }
    }

    private static Boolean bool(String text) throws Unreadable {
        var word = text.toLowerCase(Locale.ROOT);
        if (TRUE.contains(word)) return true;
        if (FALSE.contains(word)) return false;
        throw new Unreadable("it is neither true nor false");
    }

    private static Object whole(String text) {
        var bare = text.replace("_", "").strip();
        boolean isNegative = bare.startsWith("-");
        var digits = isNegative || bare.startsWith("+") ? bare.substring(1) : bare;
        var value = digitsOf(digits);
        var signed = isNegative ? value.negate() : value;
        return signed.bitLength() < Long.SIZE ? (Object) signed.longValueExact() : signed;
    }

    private static BigInteger digitsOf(String digits) {
        if (digits.startsWith("0b")) return plain(digits.substring(2), 2);
        if (digits.startsWith("0x")) return plain(digits.substring(2), 16);
        if (digits.length() > 1 && digits.startsWith("0")) return plain(digits, 8);
        var value = BigInteger.ZERO;
        for (var part : digits.split(":", -1)) value = value.multiply(BigInteger.valueOf(BASE_60)).add(plain(part, 10));
        return value;
    }

    private static BigInteger plain(String digits, int base) {
        if (digits.startsWith("-") || digits.startsWith("+")) throw new NumberFormatException(digits);
        return new BigInteger(digits, base);
    }

    private static Double number(String text) {
        var bare = text.replace("_", "").strip().toLowerCase(Locale.ROOT);
        boolean isNegative = bare.startsWith("-");
        var digits = isNegative || bare.startsWith("+") ? bare.substring(1) : bare;
        return isNegative ? -magnitude(digits) : magnitude(digits);
    }

    private static double magnitude(String digits) {
        if (digits.equals(".inf")) return Double.POSITIVE_INFINITY;
        if (digits.equals(".nan")) return Double.NaN;
        double value = 0;
        for (var part : digits.split(":", -1)) {
            if (!part.matches("[0-9.]+(e[-+]?[0-9]+)?")) throw new NumberFormatException(part);
            value = value * BASE_60 + Double.parseDouble(part);
        }
        return value;
    }

    /** Returns a date, a date and time, or, with a zone, the moment in UTC. */
    private static Object time(String text) throws Unreadable {
        var found = TIME.matcher(text);
        if (!found.matches()) throw new Unreadable("it is no time");
        var moment = CalendarTime.of(found, 0);
        if (moment == null) throw new Unreadable("there is no such date, time or zone");
        if (found.group(4) == null) return moment.toLocalDate();
        var micros = moment.truncatedTo(ChronoUnit.MICROS);
        return found.group(8) == null ? micros : micros.atOffset(ZoneOffset.UTC);
    }
}
