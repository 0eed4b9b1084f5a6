package org.w3id.mlmodel.document;

import java.time.DateTimeException;
import java.time.LocalDate;
import java.time.LocalDateTime;
import java.time.OffsetDateTime;
import java.time.ZoneOffset;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/** The time at which a model was saved, in the forms of ten years (MLM-010). */
final class Times {
    private static final Pattern ISO = Pattern.compile("(\\d{4})-(\\d{1,2})-(\\d{1,2})"
        + "(?:[Tt ]+(\\d{1,2}):(\\d{2})(?::(\\d{2})(?:[.,](\\d+))?)?\\s*(Z|z|[-+]\\d{1,2}(?::?\\d{2})?)?)?");
    /** A year of two digits, and the seconds written twice: whole, and with their fraction. */
    private static final Pattern R = Pattern.compile("(\\d{2})-(\\d{2})-(\\d{2})T(\\d{2}):(\\d{2}):(\\d{2})\\.(?:\\d{2})\\.(\\d{2,})()");
    private static final int MICROS = 6;
    private static final int DAY = 24 * 60;

    private Times() {}

    /** Returns the moment that a written time names, in UTC, or null where the form is not known. */
    static LocalDateTime moment(Object written) {
        if (written instanceof LocalDate date) return date.atStartOfDay();
        if (written instanceof LocalDateTime moment) return moment;
        if (written instanceof OffsetDateTime moment) return moment.withOffsetSameInstant(ZoneOffset.UTC).toLocalDateTime();
        if (!(written instanceof String text)) return null;
        var iso = ISO.matcher(text);
        if (iso.matches()) return moment(iso, 0);
        var r = R.matcher(text);
        return r.matches() ? moment(r, 2000) : null;
    }

    private static LocalDateTime moment(Matcher found, int century) {
        int[] parts = new int[6];
        for (int at = 0; at < parts.length; at++) {
            parts[at] = found.group(at + 1) == null ? 0 : Integer.parseInt(found.group(at + 1));
        }
        var zone = found.group(8);
        try {
            if (century + parts[0] == 0) return null;
            var moment = LocalDateTime.of(century + parts[0], parts[1], parts[2], parts[3], parts[4], parts[5],
                nanos(found.group(7)));
            int offset = zone == null || zone.isEmpty() || zone.equalsIgnoreCase("z") ? 0 : minutes(zone);
            return Math.abs(offset) >= DAY ? null : moment.minusMinutes(offset);
        } catch (DateTimeException error) {
            return null;
        }
    }

    private static int nanos(String fraction) {
        return fraction == null ? 0 : Integer.parseInt((fraction + "000000").substring(0, MICROS)) * 1_000;
    }

    private static int minutes(String zone) {
        var digits = zone.substring(1).replace(":", "");
        boolean hasMinutes = digits.length() > 2;
        int hours = Integer.parseInt(hasMinutes ? digits.substring(0, digits.length() - 2) : digits);
        int minutes = hours * 60 + (hasMinutes ? Integer.parseInt(digits.substring(digits.length() - 2)) : 0);
        return zone.charAt(0) == '-' ? -minutes : minutes;
    }

    /** Whether two written times are one moment; unknown forms are compared as texts. */
    static boolean areSame(Object one, Object other) {
        var moment = moment(one);
        var second = moment(other);
        if (moment == null || second == null) return String.valueOf(one).equals(String.valueOf(other));
        return moment.equals(second);
    }
}
