package example.orders.security;

import example.orders.problem.Code;
import example.orders.problem.Problem;
import org.springframework.security.oauth2.core.OAuth2AuthenticationException;
import org.springframework.security.oauth2.core.OAuth2Error;

/** A request whose credentials are refused before anybody looks into them. */
class Refusal extends OAuth2AuthenticationException {

    private static final long serialVersionUID = 1L;

    private final transient Problem problem;

    Refusal(Code code, String detail) {
        super(new OAuth2Error(code.toString()), detail);
        this.problem = Problem.of(code, detail);
    }

    Problem problem() {
        return problem;
    }
}
