package dk.indsigt.client;

import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/** An event, or an object in one, as "indsigt help event" describes it. */
public final class Event {
    private final Map<String, Object> members = new LinkedHashMap<>();

    public Event put(String name, String value) {
        members.put(name, value);
        return this;
    }

    public Event put(String name, boolean value) {
        members.put(name, value);
        return this;
    }

    public Event put(String name, long value) {
        members.put(name, value);
        return this;
    }

    public Event put(String name, Event value) {
        members.put(name, value);
        return this;
    }

    public Event put(String name, List<String> values) {
        members.put(name, List.copyOf(values));
        return this;
    }

    boolean has(String name) {
        return members.containsKey(name);
    }

    Event copy() {
        Event copy = new Event();
        copy.members.putAll(members);
        return copy;
    }

    /** As JSON. */
    @Override
    public String toString() {
        StringBuilder out = new StringBuilder();
        write(this, out);
        return out.toString();
    }

    private static void write(Object value, StringBuilder out) {
        if (value instanceof Event) {
            char before = '{';
            for (Map.Entry<String, Object> member : ((Event) value).members.entrySet()) {
                out.append(before);
                before = ',';
                text(member.getKey(), out);
                out.append(':');
                write(member.getValue(), out);
            }
            out.append(before == '{' ? "{}" : "}");
        } else if (value instanceof List) {
            String before = "[";
            for (Object one : (List<?>) value) {
                out.append(before);
                before = ",";
                write(one, out);
            }
            out.append(before.equals("[") ? "[]" : "]");
        } else if (value instanceof String) {
            text((String) value, out);
        } else {
            out.append(value);
        }
    }

    private static void text(String value, StringBuilder out) {
        out.append('"');
        for (int i = 0; i < value.length(); i++) {
            char c = value.charAt(i);
            if (c == '"' || c == '\\') {
                out.append('\\').append(c);
            } else if (c < 0x20 || Character.isSurrogate(c)) { // half a character would become '?' on the way
                out.append(String.format("\\u%04x", (int) c));
            } else {
                out.append(c);
            }
        }
        out.append('"');
    }
}
