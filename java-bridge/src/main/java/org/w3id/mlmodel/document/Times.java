package org.w3id.mlmodel.document;

import java.time.LocalDate;
import java.time.LocalDateTime;
import java.time.OffsetDateTime;
import java.time.ZoneOffset;
import java.time.temporal.ChronoUnit;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.w3id.mlmodel.text.CalendarTime;

/** The time at which a model was saved, in the forms of ten years (MLM-010). */
final class Times {
    private static final Pattern ISO = Pattern.compile("(\\d{4})-(\\d{1,2})-(\\d{1,2})"
        + "(?:[Tt ]+(\\d{1,2}):(\\d{2})(?::(\\d{2})(?:[.,](\\d+))?)?\\s*(Z|z|[-+]\\d{1,2}(?::?\\d{2})?)?)?");
    /** A year of two digits, and the seconds written twice: whole, and with their fraction. */
    private static final Pattern R = Pattern.compile("(\\d{2})-(\\d{2})-(\\d{2})T(\\d{2}):(\\d{2}):(\\d{2})\\.(?:\\d{2})\\.(\\d{2,})()");

    private Times() {}

    /** Returns the moment that a written time names, in UTC and to the microsecond, or null where the form is not known. */
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
        var moment = CalendarTime.of(found, century);
        return moment == null ? null : moment.truncatedTo(ChronoUnit.MICROS);
    }

    /** Whether two written times are one moment; unknown forms are compared as texts. */
    static boolean areSame(Object one, Object other) {
        var moment = moment(one);
        var second = moment(other);
        if (moment == null || second == null) return String.valueOf(one).equals(String.valueOf(other));
        return moment.equals(second);
    }
}
