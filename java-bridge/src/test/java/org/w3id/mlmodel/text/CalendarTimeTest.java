package org.w3id.mlmodel.text;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.time.LocalDateTime;
import java.util.regex.Pattern;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Dates and times in parts, as the forms of MLM-010 and ENF-053 have them. */
class CalendarTimeTest {
    private static final Pattern FORM = Pattern.compile("(\\d+)-(\\d+)-(\\d+)(?:T(\\d+):(\\d+)(?::(\\d+)(?:\\.(\\d+))?)?(.+)?)?");

    private static LocalDateTime read(String text, int century) {
        var found = FORM.matcher(text);
        assertTrue(found.matches());
        return CalendarTime.of(found, century);
    }

    @ParameterizedTest
    @CsvSource({
        "2024-01-31, 2024-01-31T00:00", "2024-1-3T04:05, 2024-01-03T04:05", "2024-02-29T23:59:59Z, 2024-02-29T23:59:59",
        "2024-01-01T00:00:00.5+05:30, 2023-12-31T18:30:00.500", "2024-01-01T00:00-0530, 2024-01-01T05:30",
        "2024-01-01T00:00-530, 2024-01-01T05:30", "2024-01-01T00:00+5, 2023-12-31T19:00",
        "2024-01-01T00:00:00.1234567899, 2024-01-01T00:00:00.123456789"})
    void momentsAreInUtc(String text, String moment) {
        assertEquals(LocalDateTime.parse(moment), read(text, 0));
    }

    @ParameterizedTest
    @CsvSource({"0000-01-01", "2024-13-01", "2023-02-29", "2024-01-01T24:00", "2024-01-01T00:00:60", "2024-01-01T00:00+24"})
    void thereIsNoSuchTime(String text) {
        assertNull(read(text, 0));
    }

    @Test
    void aYearOfTwoDigitsIsOfItsCentury() {
        assertEquals(LocalDateTime.parse("2021-03-04T00:00"), read("21-03-04", 2000));
    }
}
