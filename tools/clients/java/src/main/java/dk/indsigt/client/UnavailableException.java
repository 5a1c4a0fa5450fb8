package dk.indsigt.client;

import java.io.IOException;
import java.util.List;

/** The gateway could not take these in time, as far as anything says. Each has its id: given again as they are, each is reported once. */
public final class UnavailableException extends IOException {
    private static final long serialVersionUID = 1L;
    private final transient List<Event> events;
    private final transient List<RefusedException> refused;

    UnavailableException(String why, List<Event> events, List<RefusedException> refused) {
        super(why);
        this.events = events;
        this.refused = refused;
    }

    public List<Event> events() {
        return events;
    }

    /** Of several that were given together: those that were refused. */
    public List<RefusedException> refused() {
        return refused;
    }
}
