package org.w3id.mlmodel.document;

import java.nio.charset.StandardCharsets;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.HashMap;
import java.util.Map;
import org.yaml.snakeyaml.LoaderOptions;
import org.yaml.snakeyaml.error.MarkedYAMLException;
import org.yaml.snakeyaml.error.YAMLException;
import org.yaml.snakeyaml.events.AliasEvent;
import org.yaml.snakeyaml.events.CollectionStartEvent;
import org.yaml.snakeyaml.events.Event;
import org.yaml.snakeyaml.events.NodeEvent;
import org.yaml.snakeyaml.events.ScalarEvent;
import org.yaml.snakeyaml.parser.Parser;
import org.yaml.snakeyaml.parser.ParserImpl;
import org.yaml.snakeyaml.reader.ReaderException;
import org.yaml.snakeyaml.scanner.ScannerException;

/**
 * From YAML text to a tree of nodes with places, in bounded time and memory (MLM-002).
 *
 * <p>The library's events are taken one by one and the tree is built here: nothing recurses, and no
 * further event is asked for once a limit is reached.
 */
final class Composer {
    /** No model file needs more lines that begin with %, each of which is held against all before it. */
    private static final int MOST_DIRECTIVES = 8;
    private static final int SHOWN = 60;

    private final Limits limits;
    private final Map<String, Node> anchors = new HashMap<>();
    private final Deque<Node> open = new ArrayDeque<>();
    private final Deque<Node[]> keys = new ArrayDeque<>();
    private Node root;
    /** Whether the collection that was opened last stands in brackets. */
    private boolean isInFlow;
    private int aliases;
    private int total;

    private Composer(Limits limits) {
        this.limits = limits;
    }

    /** Returns the root of the one YAML document in a text. */
    static Node compose(String text, Limits limits) throws Problem {
        check(text, limits);
        var options = new LoaderOptions();
        options.setCodePointLimit(Integer.MAX_VALUE);
        options.setProcessComments(false);
        var whole = whole(text.startsWith("\uFEFF") ? text.substring(1) : text, limits);
        while (true) {
            var composer = new Composer(limits);
            try {
                return composer.run(new ParserImpl(whole, options));
            } catch (ScannerException error) {
                if (!whole.takesTabForSpace(error.getProblemMark(), composer.isInFlow)) throw syntax(error);
            } catch (YAMLException error) {
                throw syntax(error);
            }
        }
    }

    private static WholeText whole(String text, Limits limits) throws Problem {
        try {
            return new WholeText(text, limits.bytes());
        } catch (ReaderException error) {
            throw syntax(error);
        }
    }

    private static void check(String text, Limits limits) throws Problem {
        if (!StandardCharsets.UTF_8.newEncoder().canEncode(text)) {
            throw new Problem("MLM-001", "The text holds half of a surrogate pair.");
        }
        boolean isLong = text.length() > limits.bytes() / 3 && text.getBytes(StandardCharsets.UTF_8).length > limits.bytes();
        if (isLong) {
            throw new Problem("MLM-002", "The file has more than %,d bytes and was not read. Move large values out of it."
                .formatted(limits.bytes()));
        }
        if (text.contains("%") && text.lines().filter(line -> line.startsWith("%")).count() > MOST_DIRECTIVES) {
            throw new Problem("MLM-002", "More than %d lines begin with %%; a model file needs none.".formatted(MOST_DIRECTIVES));
        }
    }

    private static Problem syntax(YAMLException error) {
        if (!(error instanceof MarkedYAMLException marked)) {
            return new Problem("MLM-001", "The YAML cannot be read: " + error.getMessage().lines().findFirst().orElse("") + ".");
        }
        var mark = marked.getProblemMark() != null ? marked.getProblemMark() : marked.getContextMark();
        var context = marked.getContext() == null ? "" : marked.getContext() + ", ";
        var message = "The YAML cannot be read: " + context + marked.getProblem() + ".";
        return mark == null ? new Problem("MLM-001", message) : new Problem("MLM-001", message, Mark.of(mark));
    }

    private Node run(Parser events) throws Problem {
        for (var event = events.getEvent(); event != null; event = events.getEvent()) take(event);
        if (root == null) throw new Problem("MLM-001", "The file is empty; a mapping with the key flavors is expected.");
        return root;
    }

    private void take(Event event) throws Problem {
        switch (event.getEventId()) {
            case DocumentStart -> begin(event);
            case Scalar -> scalar((ScalarEvent) event);
            case Alias -> alias((AliasEvent) event);
            case MappingStart -> open((CollectionStartEvent) event, Node.Kind.MAPPING);
            case SequenceStart -> open((CollectionStartEvent) event, Node.Kind.LIST);
            case MappingEnd, SequenceEnd -> close(event);
            default -> { }
        }
    }

    private void begin(Event event) throws Problem {
        if (root != null) throw refused("MLM-001", "A second YAML document begins here; the file holds one.", event);
    }

    private void scalar(ScalarEvent event) throws Problem {
        var node = Node.scalar(event.getTag(), Mark.of(event.getStartMark()), Mark.of(event.getEndMark()),
            event.getValue(), event.getScalarStyle(), event.getImplicit().canOmitTagInPlainScalar());
        add(node, event);
    }

    private void add(Node node, NodeEvent event) throws Problem {
        if (event.getAnchor() != null) anchors.put(event.getAnchor(), node);
        attach(node, event);
    }

    private void open(CollectionStartEvent event, Node.Kind kind) throws Problem {
        isInFlow = event.isFlow();
        var node = Node.collection(kind, event.getTag(), Mark.of(event.getStartMark()));
        add(node, event);
        open.push(node);
        keys.push(new Node[1]);
        if (open.size() > limits.depth()) {
            throw refused("MLM-002", "The YAML is nested deeper than %d levels here; reading stopped.".formatted(limits.depth()), event);
        }
    }

    private void close(Event event) {
        var node = open.pop();
        keys.pop();
        node.end = Mark.of(event.getEndMark());
        if (!open.isEmpty()) grow(open.peek(), node);
    }

    private static void grow(Node parent, Node node) {
        parent.size += node.size;
        parent.height = Math.max(parent.height, node.height + 1);
    }

    private void attach(Node node, Event event) throws Problem {
        total += 1;
        if (total > limits.values()) {
            throw refused("MLM-002", ("The YAML has more than %,d values (an alias counts as all the values that it "
                + "repeats); reading stopped.").formatted(limits.values()), event);
        }
        if (open.isEmpty()) {
            root = node;
            return;
        }
        var parent = open.peek();
        if (node.kind == Node.Kind.SCALAR) parent.size += 1;
        var key = keys.peek();
        if (parent.kind == Node.Kind.LIST) {
            parent.items.add(node);
        } else if (key[0] == null) {
            key[0] = node;
        } else {
            parent.entries.add(new Node.Entry(key[0], node));
            key[0] = null;
        }
    }

    private void alias(AliasEvent event) throws Problem {
        var name = Texts.cut(event.getAnchor(), SHOWN);
        var node = anchors.get(event.getAnchor());
        if (node == null) {
            throw refused("MLM-001", "The alias *" + name + " refers to an anchor that does not stand before it.", event);
        }
        aliases += 1;
        if (aliases > limits.aliases()) throw refused("MLM-002", "More than %,d aliases.".formatted(limits.aliases()), event);
        if (open.contains(node)) {
            throw refused("MLM-002", "The alias *" + name + " is inside the value that it refers to.", event);
        }
        if (open.size() + node.height > limits.depth()) {
            throw refused("MLM-002", "With the alias *%s the YAML is nested deeper than %d levels."
                .formatted(name, limits.depth()), event);
        }
        total += node.size - 1;
        if (node.kind != Node.Kind.SCALAR && !open.isEmpty()) grow(open.peek(), node);
        attach(node, event);
    }

    private static Problem refused(String rule, String message, Event event) {
        return new Problem(rule, message, Mark.of(event.getStartMark()));
    }
}
