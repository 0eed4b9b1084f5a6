package org.w3id.mlmodel.enforcement;

import java.math.BigInteger;
import java.time.Instant;
import java.time.LocalDate;
import java.time.LocalDateTime;
import java.time.ZoneOffset;
import java.time.format.DateTimeFormatter;
import java.util.regex.Pattern;
import org.w3id.mlmodel.text.CalendarTime;

/**
 * A moment in UTC, to the nanosecond.
 *
 * @param nanoseconds since the beginning of 1970
 */
public record Moment(long nanoseconds) {
    static final long SECOND = 1_000_000_000L;
    private static final long DAY = 86_400 * SECOND;
    private static final Pattern FORM = Pattern.compile(
        "([0-9]{4})-([0-9]{2})-([0-9]{2})"
            + "(?:[T ]([0-9]{2}):([0-9]{2})(?::([0-9]{2})(?:\\.([0-9]{1,9}))?)?(Z|[+-](?:[01][0-9]|2[0-3])(?::?[0-5][0-9])?)?)?");
    private static final DateTimeFormatter TEXT = DateTimeFormatter.ofPattern("uuuu-MM-dd'T'HH:mm:ss");

    /** What a text says: it has not the form, is no moment of 64 bits, or is one. */
    enum Read { NO_MOMENT, OUT_OF_RANGE, MOMENT }

    /** What came of a text. */
    record Result(Read read, long nanoseconds) {}

    private static final Result NONE = new Result(Read.NO_MOMENT, 0);

    /** Reads a text of ISO 8601 (ENF-053, ENF-054, ENF-056). */
    static Result read(String text) {
        var found = FORM.matcher(text);
        var local = found.matches() ? CalendarTime.of(found, 0) : null;
        return local == null ? NONE : exact(local.toEpochSecond(ZoneOffset.UTC), local.getNano());
    }

    private static Result exact(long seconds, int rest) {
        var moment = BigInteger.valueOf(seconds).multiply(BigInteger.valueOf(SECOND)).add(BigInteger.valueOf(rest));
        boolean fits = moment.bitLength() < Long.SIZE && moment.longValue() != Long.MIN_VALUE;
        return fits ? new Result(Read.MOMENT, moment.longValue()) : new Result(Read.OUT_OF_RANGE, 0);
    }

    /** Returns whether a cell is what models get of a datetime: a moment, one of a zone, or a day. */
    public static boolean isTime(Object cell) {
        return cell instanceof Moment || cell instanceof ZonedMoment || cell instanceof LocalDate;
    }

    /** Returns the day of a moment that is the beginning of one in UTC; null of another (ENF-094). */
    LocalDate day() {
        boolean isBeginning = Math.floorMod(nanoseconds, DAY) == 0;
        return isBeginning ? LocalDate.ofEpochDay(Math.floorDiv(nanoseconds, DAY)) : null;
    }

    /** Returns the moment as ISO 8601 text, with no digits of a fraction, six or nine (RST-049). */
    @Override
    public String toString() {
        return at(ZoneOffset.UTC);
    }

    /** Returns the moment as text, by a clock that is this far from UTC. */
    String at(ZoneOffset offset) {
        long rest = Math.floorMod(nanoseconds, SECOND);
        var local = LocalDateTime.ofInstant(Instant.ofEpochSecond(Math.floorDiv(nanoseconds, SECOND)), offset);
        var text = TEXT.format(local);
        if (rest == 0) return text;
        return rest % 1000 == 0 ? text + String.format(".%06d", rest / 1000) : text + String.format(".%09d", rest);
    }
}
