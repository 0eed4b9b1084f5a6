package org.w3id.mlmodel.serving;

import java.util.Map;

/**
 * What a body says.
 *
 * @param data the columns as they are given, or a value of JSON
 * @param params the parameters, or null
 * @param isBare whether the answer is the predictions alone (RST-085)
 */
record Request(Given data, Map<?, ?> params, boolean isBare) {
    /** Data of some form, which are read when it is known what is declared. */
    interface Given {
        /** Returns the columns, or the value where no columns are made of it. */
        Object read(Declared declared);
    }
}
