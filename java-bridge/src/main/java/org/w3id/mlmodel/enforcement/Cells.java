package org.w3id.mlmodel.enforcement;

/** The cells of one given column: values of JSON, or {@link #ABSENT} where a record has none. */
public interface Cells {
    /** A cell of a record that lacks the key. */
    Object ABSENT = new Object() {
        @Override
        public String toString() {
            return "absent";
        }
    };

    /** Returns the cell of a row. */
    Object at(int row);
}
