package dk.indsigt.client;

import java.io.IOException;
import java.util.List;

/** The gateway could not take these in time: they stand nowhere but with the caller. */
public final class UnavailableException extends IOException {
    private static final long serialVersionUID = 1L;
    private final transient List<Event> events;

    UnavailableException(String why, List<Event> events) {
        super(why);
        this.events = events;
    }

    public List<Event> events() {
        return events;
    }
}
