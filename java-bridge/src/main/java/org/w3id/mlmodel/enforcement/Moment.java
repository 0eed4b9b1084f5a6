package org.w3id.mlmodel.enforcement;

import java.math.BigInteger;
import java.time.DateTimeException;
import java.time.Instant;
import java.time.LocalDateTime;
import java.time.ZoneOffset;
import java.time.format.DateTimeFormatter;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * A moment in UTC, to the nanosecond.
 *
 * @param nanoseconds since the beginning of 1970
 */
public record Moment(long nanoseconds) {
    private static final long SECOND = 1_000_000_000L;
    private static final int MINUTE = 60;
    private static final int HOUR = 3600;
    private static final Pattern FORM = Pattern.compile(
        "([0-9]{4})-([0-9]{2})-([0-9]{2})"
            + "(?:[T ]([0-9]{2}):([0-9]{2})(?::([0-9]{2})(?:\\.([0-9]{1,9}))?)?(Z|[+-][0-9]{2}(?::?[0-9]{2})?)?)?");
    private static final DateTimeFormatter TEXT = DateTimeFormatter.ofPattern("uuuu-MM-dd'T'HH:mm:ss");

    /** What a text says: it has not the form, is no moment of 64 bits, or is one. */
    enum Read { NO_MOMENT, OUT_OF_RANGE, MOMENT }

    /** What came of a text. */
    record Result(Read read, long nanoseconds) {}

    private static final Result NONE = new Result(Read.NO_MOMENT, 0);

    /** Reads a text of ISO 8601 (ENF-053, ENF-054, ENF-056). */
    static Result read(String text) {
        var found = FORM.matcher(text);
        if (!found.matches()) return NONE;
        try {
            int zone = zone(found.group(8));
            if (part(found, 1) == 0) return NONE;
            var local = LocalDateTime.of(
                part(found, 1), part(found, 2), part(found, 3), part(found, 4), part(found, 5), part(found, 6));
            return exact(local.toEpochSecond(ZoneOffset.UTC) - zone, found.group(7));
        } catch (DateTimeException error) {
            return NONE;
        }
    }

    private static int part(Matcher found, int group) {
        return found.group(group) == null ? 0 : Integer.parseInt(found.group(group));
    }

    private static Result exact(long seconds, String fraction) {
        long rest = fraction == null ? 0 : Long.parseLong((fraction + "00000000").substring(0, 9));
        var moment = BigInteger.valueOf(seconds).multiply(BigInteger.valueOf(SECOND)).add(BigInteger.valueOf(rest));
        boolean fits = moment.bitLength() < Long.SIZE && moment.longValue() != Long.MIN_VALUE;
        return fits ? new Result(Read.MOMENT, moment.longValue()) : new Result(Read.OUT_OF_RANGE, 0);
    }

    private static int zone(String text) {
        if (text == null || text.equals("Z")) return 0;
        int hours = Integer.parseInt(text.substring(1, 3));
        var rest = text.substring(3).replace(":", "");
        int minutes = rest.isEmpty() ? 0 : Integer.parseInt(rest);
        if (hours > 23 || minutes > 59) throw new DateTimeException("no such zone");
        return (text.charAt(0) == '-' ? -1 : 1) * (hours * HOUR + minutes * MINUTE);
    }

    /** Returns the moment as ISO 8601 text, with no digits of a fraction, six or nine (RST-049). */
    @Override
    public String toString() {
        long rest = Math.floorMod(nanoseconds, SECOND);
        var local = LocalDateTime.ofInstant(Instant.ofEpochSecond(Math.floorDiv(nanoseconds, SECOND)), ZoneOffset.UTC);
        var text = TEXT.format(local);
        if (rest == 0) return text;
        return rest % 1000 == 0 ? text + String.format(".%06d", rest / 1000) : text + String.format(".%09d", rest);
    }
}
