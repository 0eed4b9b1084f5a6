package org.w3id.mlmodel.document;

import java.util.ArrayList;
import java.util.List;
import org.yaml.snakeyaml.DumperOptions.ScalarStyle;

/** A node of the YAML tree, with its place. An alias gives the node that it repeats. */
final class Node {
    enum Kind { SCALAR, LIST, MAPPING }

    /** One key of a mapping with its value. */
    record Entry(Node key, Node value) {}

    final Kind kind;
    final String tag;
    final Mark start;
    Mark end;
    /** Of a scalar: its text, and how it is written. */
    final String text;
    final ScalarStyle style;
    final boolean isPlain;
    final List<Node> items = new ArrayList<>(0);
    final List<Entry> entries = new ArrayList<>(0);
    /** How many values and levels it is with all that is below, aliases included. */
    int size = 1;
    int height;

    private Node(Kind kind, String tag, Mark start, Mark end, String text, ScalarStyle style, boolean isPlain) {
        this.kind = kind;
        this.tag = tag;
        this.start = start;
        this.end = end;
        this.text = text;
        this.style = style;
        this.isPlain = isPlain;
        height = kind == Kind.SCALAR ? 0 : 1;
    }

    static Node scalar(String tag, Mark start, Mark end, String text, ScalarStyle style, boolean isPlain) {
        return new Node(Kind.SCALAR, tag, start, end, text, style, isPlain);
    }

    static Node collection(Kind kind, String tag, Mark start) {
        return new Node(kind, tag, start, start, null, null, false);
    }
}
