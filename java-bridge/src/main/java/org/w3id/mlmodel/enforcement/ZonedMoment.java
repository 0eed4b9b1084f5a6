package org.w3id.mlmodel.enforcement;

import java.time.Instant;
import java.time.ZoneId;

/**
 * A moment as a clock of a zone shows it (ENF-092).
 *
 * @param moment the moment
 * @param zone the zone of the model's column
 */
public record ZonedMoment(Moment moment, ZoneId zone) {
    /** Returns ISO 8601 text with the offset from UTC, as {@code +09:00}. */
    @Override
    public String toString() {
        var offset = zone.getRules().getOffset(Instant.ofEpochSecond(Math.floorDiv(moment.nanoseconds(), Moment.SECOND)));
        return moment.at(offset) + (offset.getTotalSeconds() == 0 ? "+00:00" : offset.getId());
    }
}
