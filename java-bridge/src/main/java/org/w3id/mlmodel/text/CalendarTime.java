package org.w3id.mlmodel.text;

import java.time.DateTimeException;
import java.time.LocalDateTime;
import java.util.regex.Matcher;

/** A date with a time of day, in the parts in which forms write it. */
public final class CalendarTime {
    private static final int NANOS = 9;
    private static final int FRACTION = 7;
    private static final int ZONE = 8;
    private static final int DAY = 24 * 60;

    private CalendarTime() {}

    /**
     * Returns the moment that is written, in UTC; null where there is none, as of a thirteenth month.
     *
     * @param found what has matched: its groups are year, month, day, hour, minute, second, the digits of a fraction, of
     *     which nine count, and the zone; from the hour on they may be absent
     * @param century what is added to the year
     */
    public static LocalDateTime of(Matcher found, int century) {
        int year = century + part(found, 1);
        int offset = minutes(found.group(ZONE));
        if (year == 0 || Math.abs(offset) >= DAY) return null;
        try {
            return LocalDateTime.of(year, part(found, 2), part(found, 3), part(found, 4), part(found, 5), part(found, 6),
                nanos(found.group(FRACTION))).minusMinutes(offset);
        } catch (DateTimeException error) {
            return null;
        }
    }

    private static int part(Matcher found, int group) {
        return found.group(group) == null ? 0 : Integer.parseInt(found.group(group));
    }

    private static int nanos(String fraction) {
        return fraction == null ? 0 : Integer.parseInt((fraction + "0".repeat(NANOS)).substring(0, NANOS));
    }

    /** Returns how many minutes a zone is ahead: one or two digits of hours, and two of minutes, if any. */
    private static int minutes(String zone) {
        if (zone == null || zone.isEmpty() || zone.equalsIgnoreCase("z")) return 0;
        var digits = zone.substring(1).replace(":", "");
        int hours = digits.length() > 2 ? digits.length() - 2 : digits.length();
        int minutes = Integer.parseInt(digits.substring(0, hours)) * 60
            + (hours < digits.length() ? Integer.parseInt(digits.substring(hours)) : 0);
        return zone.charAt(0) == '-' ? -minutes : minutes;
    }
}
