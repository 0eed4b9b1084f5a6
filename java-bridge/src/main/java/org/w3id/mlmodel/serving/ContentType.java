package org.w3id.mlmodel.serving;

import java.util.Locale;
import java.util.regex.Pattern;
import org.w3id.mlmodel.errors.Detail;
import org.w3id.mlmodel.errors.ErrorName;
import org.w3id.mlmodel.errors.MlmodelException;

/**
 * A content type, taken apart (RST-002).
 *
 * @param media the media type, in small letters
 * @param format the parameter {@code format}, in small letters, or null
 */
record ContentType(String media, String format) {
    static final String KNOWN = "application/json, application/json; format=pandas-split, "
        + "application/json; format=pandas-records, text/csv";
    /** The name of a parameter, and its value where that has no quotes, which are looked for by themselves. */
    private static final Pattern PARAMETER = Pattern.compile(";\\s*(?:([^=;\\s\"]+)\\s*=\\s*([^;\"]*))?");

    static ContentType read(String header) {
        if (header == null || header.isBlank()) {
            throw unsupported("RST-003", "The request has no content type; send one of " + KNOWN);
        }
        int end = header.indexOf(';');
        var media = (end < 0 ? header : header.substring(0, end)).strip().toLowerCase(Locale.ROOT);
        var found = PARAMETER.matcher(header);
        String charset = null;
        String format = null;
        for (int at = end; at >= 0 && at < header.length() && found.find(at) && found.start() == at;) {
            at = found.end();
            if (found.group(1) == null) continue;
            boolean isQuoted = found.group(2).isBlank() && at < header.length() && header.charAt(at) == '"';
            int from = at;
            if (isQuoted) at = behindQuotes(header, at);
            var value = (isQuoted ? unquoted(header.substring(from, at)) : found.group(2).strip()).toLowerCase(Locale.ROOT);
            while (at < header.length() && Character.isWhitespace(header.charAt(at))) at++;
            switch (found.group(1).toLowerCase(Locale.ROOT)) {
                case "charset" -> charset = once("charset", charset, value);
                case "format" -> format = once("format", format, value);
                default -> { }
            }
        }
        requireUnicode(charset);
        return new ContentType(media, format);
    }

    /** Returns where what begins with a quote ends, which may be the end of all. */
    private static int behindQuotes(String header, int start) {
        for (int at = start + 1; at < header.length(); at++) {
            if (header.charAt(at) == '\\') at++;
            else if (header.charAt(at) == '"') return at + 1;
        }
        return header.length();
    }

    private static String unquoted(String value) {
        int end = value.length() > 1 && value.endsWith("\"") ? value.length() - 1 : value.length();
        return value.substring(1, end).replaceAll("\\\\(.)", "$1");
    }

    private static String once(String name, String before, String value) {
        if (before == null || before.equals(value)) return value;
        throw unsupported("RST-002", "The content type has two values for " + name);
    }

    private static void requireUnicode(String charset) {
        if (charset == null) return;
        var name = charset.replace("_", "-");
        if (name.equals("utf-8") || name.equals("utf8") || name.equals("us-ascii") || name.equals("ascii")) return;
        throw unsupported("RST-002", "Bodies are read as UTF-8, and in no other charset");
    }

    static MlmodelException unsupported(String rule, String message) {
        return new MlmodelException(
            ErrorName.UNSUPPORTED_MEDIA_TYPE, message + " (" + rule + ").", java.util.List.of(Detail.of(rule)));
    }
}
