package org.w3id.mlmodel.document;

/** A place in a text: line and column from 1, and how many characters stand before it. */
record Mark(int line, int column, int index) {
    static Mark of(org.yaml.snakeyaml.error.Mark mark) {
        return new Mark(mark.getLine() + 1, mark.getColumn() + 1, mark.getIndex());
    }
}
