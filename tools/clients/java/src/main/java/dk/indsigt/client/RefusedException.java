package dk.indsigt.client;

/** The event is not one that the ledger takes. */
public final class RefusedException extends Exception {
    private static final long serialVersionUID = 1L;
    private final String error;
    private final transient Event event;

    RefusedException(String error, String reason, Event event) {
        super(reason);
        this.error = error;
        this.event = event;
    }

    /** A short name. */
    public String error() {
        return error;
    }

    /** Names the field, and what is wrong with it. */
    public String reason() {
        return getMessage();
    }

    public Event event() {
        return event;
    }
}
