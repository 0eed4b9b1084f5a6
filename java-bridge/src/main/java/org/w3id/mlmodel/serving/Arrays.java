package org.w3id.mlmodel.serving;

import java.util.List;
import org.w3id.mlmodel.errors.Detail;
import org.w3id.mlmodel.errors.MlmodelException;

/** Nested arrays of which nothing is declared (ENF-076). */
final class Arrays {
    private static final int MOST_AXES = 31;

    private Arrays() {}

    /** Goes on where all lists of one axis have one length. */
    static void require(List<?> array) {
        List<?> level = array;
        for (int axes = 1; level.stream().anyMatch(List.class::isInstance); axes++) {
            var first = level.get(0) instanceof List<?> list ? list.size() : -1;
            boolean isSame = level.stream().allMatch(one -> one instanceof List<?> list && list.size() == first);
            if (!isSame || axes == MOST_AXES) throw ragged();
            level = level.stream().flatMap(one -> ((List<?>) one).stream().map(java.util.Optional::ofNullable))
                .map(one -> one.orElse(null)).toList();
        }
    }

    private static MlmodelException ragged() {
        return MlmodelException.input(List.of(new Detail("ENF-076", null, null, "lists of one length", "lists of several")));
    }
}
