package org.w3id.mlmodel.serving;

import java.util.List;
import java.util.Map;
import org.w3id.mlmodel.enforcement.Column;
import org.w3id.mlmodel.errors.Detail;
import org.w3id.mlmodel.errors.MlmodelException;
import org.w3id.mlmodel.signature.Signature;

/** What a server asks. It may be asked from several threads. */
public interface Model {
    /** Returns what is declared, or null. */
    Signature signature();

    /** Returns the error of data that are not what is declared. */
    default MlmodelException refused(List<Detail> details) {
        return MlmodelException.input(details);
    }

    /**
     * Answers to columns, or to a value of JSON where no columns are declared.
     *
     * @param columns the columns, or null
     * @param value the value, where there are no columns
     * @param params the parameters, or null
     * @return columns, in a {@link Frame}, or what JSON can hold
     */
    Object predict(Frame columns, Object value, Map<String, Object> params);

    /**
     * A table: columns with the names that an answer gives them.
     *
     * @param isNumbered whether they have no names, and are called by their positions
     * @param rows how many rows there are, which a table without columns may have, too
     */
    record Frame(List<String> names, List<Column> columns, boolean isNumbered, int rows) {
        Frame(List<String> names, List<Column> columns, boolean isNumbered) {
            this(names, columns, isNumbered, columns.isEmpty() ? 0 : columns.get(0).rows());
        }

        /** Returns whether names are the positions of columns, which are none; a text is a name. */
        static boolean areNumbers(List<?> names) {
            for (int at = 0; at < names.size(); at++) {
                if (!(names.get(at) instanceof Number number) || number.doubleValue() != at) return false;
            }
            return true;
        }
    }
}
