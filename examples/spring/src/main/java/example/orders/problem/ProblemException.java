package example.orders.problem;

/** What a request is refused with. */
public class ProblemException extends RuntimeException {

    private static final long serialVersionUID = 1L;

    private final transient Problem problem;

    /** Refuses with this code, and says more about this one occurrence. */
    public ProblemException(Code code, String detail) {
        super(detail);
        this.problem = Problem.of(code, detail);
    }

    Problem problem() {
        return problem;
    }
}
